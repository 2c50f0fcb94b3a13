// A small agent desk for the tests of the Agent Manager, on the real client: node desk.mjs VERSION BASE USERNAME PASSWORD.
// Each line of its input is a command as JSON, {"do": …}; each line of its output is something that has happened, {"event": …, "payload": …}.
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const [version, base, username, password] = process.argv.slice(2);
const { io } = await import(`socket.io-client-${version}`);
const tell = (event, payload = null) => process.stdout.write(`${JSON.stringify({ event, payload })}\n`);

const answer = await fetch(`${base}/agent/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ username, password }) });
const { data } = await answer.json();
tell('login', answer.status);
if (!answer.ok) process.exit(0);
const user = data.keycloak_User;

const { origin, pathname } = new URL(base);
const socket = io(origin, { path: pathname === '/' ? '' : `${pathname}/socket.io`, auth: { agent: JSON.stringify(user), fcm: '' }, reconnectionDelay: 20, reconnectionDelayMax: 50 });
let offer;
let topic;
socket.on('connect', () => tell('connect'));
socket.on('connect_error', (error) => tell('connect_error', { message: error.message, data: error.data }));
socket.on('disconnect', (reason) => tell('disconnect', reason));
socket.onAny((event, payload, acknowledge) => {
  if (event === 'taskRequest') offer = payload;
  if (event === 'onTopicData') topic = payload;
  acknowledge?.({ status: 'ok' });
  tell(event, payload);
});

const participant = () => ({
  id: randomUUID(),
  type: 'AGENT',
  role: 'PRIMARY',
  conversationId: offer.conversationId,
  state: 'SUBSCRIBED',
  participant: { participantType: 'CCUser', id: user.id, keycloakUser: user },
});

const acts = {
  state: ({ name }) => socket.emit('changeAgentState', { agentId: user.id, action: 'agentState', state: { name, reasonCode: null } }),
  accept: () =>
    socket.emit('topicSubscription', { conversationId: offer.conversationId, taskId: offer.taskId, agentId: user.id, roomInfo: offer.roomInfo, topicParticipant: participant() }),
  say: ({ text }) => {
    const { channelSession, customer } = topic.topicData;
    socket.emit('publishCimEvent', {
      agentId: user.id,
      conversationId: topic.conversationId,
      roomInfo: topic.roomInfo,
      cimEvent: {
        id: randomUUID(),
        name: 'AGENT_MESSAGE',
        type: 'MESSAGE',
        timestamp: Date.now(),
        data: {
          id: randomUUID(),
          header: {
            sender: { id: user.id, type: 'AGENT', senderName: user.username },
            conversationId: topic.conversationId,
            channelSessionId: channelSession.id,
            channelData: channelSession.channelData,
            customer,
          },
          body: { type: 'PLAIN', markdownText: text },
        },
      },
    });
  },
  transfer: ({ queue }) =>
    socket.emit('directTransferRequest', {
      channelSession: topic.topicData.channelSession,
      agentParticipant: topic.topicData.topicParticipant,
      mode: 'queue',
      queueName: queue,
      note: null,
    }),
  leave: () => socket.emit('topicUnsubscription', { conversationId: topic.conversationId, agentId: user.id, roomInfo: topic.roomInfo }),
  ask: () => socket.emit('changeAgentState', { agentId: user.id, action: 'agentState', state: { name: 'NOT_READY', reasonCode: null } }, (reply) => tell('acknowledged', reply)),
  close: () => socket.close(),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  acts[command.do](command);
}).on('close', () => {
  socket.close();
});
