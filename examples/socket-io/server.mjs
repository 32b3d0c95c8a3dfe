/** A Socket.IO server. Start several on several ports: their clients are in the same rooms. */
import { createServer } from 'node:http'
import process from 'node:process'
import { Server } from 'socket.io'
import { startNode } from 'foundation-ts'
import { createAdapter } from 'foundation-ts/integrations/socket.io'

const [port = '3000'] = process.argv.slice(2)

const node = await startNode({ app: 'socket-io', cluster: true, signals: true })
const http = createServer()
const io = new Server(http, { adapter: createAdapter(node) })

io.on('connection', (socket) => {
  socket.on('enter', async (room, name) => {
    socket.data = { room, name }
    await socket.join(room)
    io.to(room).emit('line', `* ${name} is here`)
  })
  socket.on('say', (text) => {
    const { room, name } = socket.data
    io.to(room).emit('line', `${name}: ${text}`)
  })
  socket.on('file', (bytes) => socket.to(socket.data.room).emit('file', bytes))
  socket.on('who', async (answer) => {
    const { room } = socket.data
    // While a server hangs, and is not yet given up, its clients cannot be listed.
    const inRoom = io.in(room).fetchSockets()
    const found = await inRoom.catch(() => io.local.in(room).fetchSockets())
    answer(found.map(({ data }) => data.name))
  })
})

http.listen(Number(port), () => console.log(`listening on ${http.address().port}`))
