// Has many clients talk for a while: node soak.mjs VERSION URL CLIENTS MILLISECONDS. Each counts what it says and what it hears; the last line is the sum as JSON.
import { ask, until } from './scenarios.mjs';

const [version, url, clients, milliseconds] = process.argv.slice(2);
const { io } = await import(`socket.io-client-${version}`);
const end = performance.now() + Number(milliseconds);
const ways = [undefined, ['polling'], ['websocket']];
const sum = { clients: 0, said: 0, acknowledged: 0, heard: 0, wrong: [], transports: {}, slowest: 0 };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function talk(number) {
  const way = ways[number % ways.length];
  const socket = io(url, { forceNew: true, reconnection: false, ...(way && { transports: way }) });
  let heard = 0;
  socket.on('count', (n) => {
    if (n !== heard) sum.wrong.push(`client ${number} heard ${n} after ${heard} others`);
    heard++;
  });
  socket.on('disconnect', (reason) => reason === 'io client disconnect' || sum.wrong.push(`client ${number}: ${reason}`));
  await until(socket, 'connect', 60_000);
  let said = 0;
  // In bursts: what is said in one go crosses together, and in order.
  while (performance.now() < end) {
    const began = performance.now();
    const burst = Array.from({ length: 5 }, () => said++);
    const answers = await Promise.all(burst.map((n) => ask(socket, 'count', n)));
    sum.slowest = Math.max(sum.slowest, performance.now() - began);
    burst.forEach((n, i) => answers[i][0] === n || sum.wrong.push(`client ${number} asked ${n} and was answered ${answers[i][0]}`));
    sum.acknowledged += answers.length;
    await pause(500 + Math.random() * 500);
  }
  const [last] = await ask(socket, 'last');
  if (last !== said) sum.wrong.push(`client ${number} said ${said}, and the server heard ${last}`);
  if (heard !== said) sum.wrong.push(`client ${number} said ${said}, and heard ${heard}`);
  const name = socket.io.engine.transport.name;
  sum.transports[name] = (sum.transports[name] ?? 0) + 1;
  sum.clients++;
  sum.said += said;
  sum.heard += heard;
  socket.disconnect();
}

const all = [];
for (let number = 0; number < Number(clients); number++) {
  all.push(talk(number).catch((error) => sum.wrong.push(`client ${number}: ${error}`)));
  if (number % 10 === 9) await pause(20);
}
await Promise.all(all);
console.log(JSON.stringify(sum));
