/** Chat between terminals: start it in two or three of them, type, press enter. `/who` lists who is here. */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { startNode } from 'foundation-ts'

const [nick = `guest-${process.pid}`] = process.argv.slice(2)
const node = await startNode({ app: 'chat', name: nick, cluster: true, signals: true })

node.on('member-up', ({ member }) => console.log(`* ${member.name} is here`))
node.on('member-left', ({ member }) => console.log(`* ${member.name} has left`))
node.on('member-down', ({ member }) => console.log(`* ${member.name} is lost`))
node.on('gap', ({ from, count }) => console.log(`* ${count} lines of ${from} were lost on the way`))

const room = node.pubsub.subscribe('events.chat', (line, { from }) =>
  console.log(`${from}: ${line}`),
)
console.log(`* you are ${nick}`)

for await (const line of createInterface({ input: process.stdin })) {
  if (line === '/who')
    console.log(
      `* ${node
        .members()
        .map(({ name }) => name)
        .join(', ')}`,
    )
  // To everyone but our own subscription: what was typed is on this screen already.
  else if (line !== '') await node.pubsub.broadcastFrom(room, 'events.chat', line)
}
await node.stop()
