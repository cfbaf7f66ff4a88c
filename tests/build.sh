#!/usr/bin/env bash
# Build the tarball, install it into an empty folder and use it there as the README says, and import it as Galaxy would.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf build/tarball build/installed
export ANSIBLE_COLLECTIONS_PATH=$PWD/build/installed
unset PYTHONPATH
ansible-galaxy collection build --force --output-path build/tarball
ansible-galaxy collection install build/tarball/sky-aws-*.tar.gz --collections-path build/installed --no-cache
installed=build/installed/ansible_collections/sky/aws
for unwanted in .venv .ansible .ci .demo Makefile tests build; do
  [ ! -e "$installed/$unwanted" ] || { echo "$unwanted is in the tarball"; exit 1; }
done
for module in plugins/modules/sky_*.py; do
  ansible-doc --type module "sky.aws.$(basename "$module" .py)" > /dev/null
done
python demo/aws.py --state-dir build/demo start
trap 'python demo/aws.py --state-dir build/demo stop' EXIT
settings="$(python demo/aws.py --state-dir build/demo env)"
eval "$settings"
cat > build/accounts.yml <<'I'
all:
  hosts:
    workshop: {sky_account_id: "504573797903", sky_users_present: [{name: alice}]}
I
ansible-playbook sky.aws.onboard -i build/accounts.yml --check --diff > build/check.log
ansible-playbook sky.aws.onboard -i build/accounts.yml > build/first.log
ansible-playbook sky.aws.onboard -i build/accounts.yml > build/second.log
grep -q 'workshop .*changed=3 .*failed=0' build/check.log
grep -q 'workshop .*changed=3 .*failed=0' build/first.log
grep -q 'workshop .*changed=0 .*failed=0' build/second.log
echo "The built collection onboards an account."
# It writes its result into the folder it runs in. A subshell, since the trap finds the demo from the root only.
printf '[galaxy-importer]\nRUN_ANSIBLE_TEST=False\n' > build/importer.cfg
(cd build && GALAXY_IMPORTER_CONFIG=$PWD/importer.cfg python -m galaxy_importer.main tarball/sky-aws-*.tar.gz) > build/importer.log 2>&1 ||
  { cat build/importer.log; exit 1; }
echo "Galaxy would import it."
