/** A terminal in a room: lines go to everybody in it, `/who` lists them. */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { io } from 'socket.io-client'

const [port = '3000', room = 'lobby', name = `guest-${process.pid}`] = process.argv.slice(2)

const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
socket.on('connect', () => socket.emit('enter', room, name))
socket.on('line', (line) => console.log(line))
socket.on('file', (bytes) =>
  console.log(`* a file of ${bytes.length} bytes: ${bytes.toString('hex')}`),
)

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument = ''] = line.split(' ')
  if (command === '/who') console.log(`* ${(await socket.emitWithAck('who')).join(', ')}`)
  else if (command === '/file') socket.emit('file', Buffer.from(argument, 'hex'))
  else socket.emit('say', line)
}
socket.disconnect()
