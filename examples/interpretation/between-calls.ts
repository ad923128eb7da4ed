/**
 * Interpretation between two calls: each hears what is said in the other one, translated. Calls belong together by the `room` in the
 * address that the call application gives to ACS: wss://HOST/audio?room=42. Ends with Ctrl-C.
 *
 *   node examples/interpretation/between-calls.ts
 */
import { startGateway } from '../../src/index.ts';
import { Room } from './room.ts';
import { repeatSoftly } from './translator.ts';

const [port = 8080, adminPort = 9464] = process.argv.slice(2).map(Number);
const gateway = await startGateway({ port, adminPort, logLevel: 'warn', labelQuery: ['room'], drainTimeoutMs: 1000 });
const rooms = new Map<string, Room>();
/** By stream. */
const nameOf = new Map<string, string>();

gateway.on('stream', (stream) => {
  const name = stream.labels?.['room'] ?? '';
  const room = rooms.get(name) ?? new Room(repeatSoftly);
  rooms.set(name, room);
  if (room.join(stream)) nameOf.set(stream.id, name);
  else console.log(`room ${name}: a third call is not interpreted`);
});
gateway.on('participant', (participant) => {
  const name = nameOf.get(participant.streamId);
  if (name !== undefined) void rooms.get(name)!.hear(participant);
});
gateway.on('streamEnded', ({ id }) => {
  const name = nameOf.get(id);
  if (name === undefined) return;
  nameOf.delete(id);
  rooms.get(name)!.leave(id);
  if (rooms.get(name)!.isEmpty) rooms.delete(name);
});
console.log(`ws://127.0.0.1:${gateway.port}/audio`);
process.once('SIGINT', () => gateway.stop());
