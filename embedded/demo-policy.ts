/** The policy file of a demo: one approver, or one of each group for instances whose name says that they matter. */
export const demoPolicy = `# yaml-language-server: $schema=./policy.schema.json
# The policies of this demo; see docs/policies.md. Change them and send the API a SIGHUP, or start again.
groups:
  operations: { source: token }
  security: { source: token }

policies:
  - name: critical
    version: "1"
    match:
      instance: ["post-cn-critical*"]
    stages:
      - name: review
        groups:
          - { group: operations, threshold: 1 }
          - { group: security, threshold: 1 }
    commentRequired: reject
    reminders: [4h, 24h]
    freezeOverride: { group: security }

  # What \`npm run demo -- --ticket\` runs under: a Jira ticket, two people, one of whom may decide in Slack or DingTalk.
  - name: ticketed
    version: "1"
    match:
      instance: ["post-cn-ticket*"]
    stages:
      - name: review
        groups:
          - { anyApprover: true, threshold: 2 }
    channels: [slack, dingtalk]
    ticket: { system: jira, projects: [OPS] }

  - name: four-eyes
    version: demo-1
    stages:
      - name: approval
        groups:
          - { anyApprover: true, threshold: 1 }
    freezeOverride: { group: security }
`;
