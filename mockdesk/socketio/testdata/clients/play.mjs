// Plays scenarios with a client in Node: node play.mjs VERSION ADDRESSES. What each saw is a line of JSON.
import { play, scenarios } from './scenarios.mjs';

const [version, addresses] = process.argv.slice(2);
const { io } = await import(`socket.io-client-${version}`);
for (const name of Object.keys(scenarios)) console.log(JSON.stringify(await play(name, io, JSON.parse(addresses))));
