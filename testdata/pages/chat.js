// Somebody's chat, which reads its page's configuration as such chats do.
import { dialects } from '../../fixtures/hosts/emulated/dialects.js';
import { mount } from '../../fixtures/hosts/emulated/widget.js';

const none = { parameters: [], callbacks: [], methods: [] };
const config = { dialect: 'orchestrate', options: {}, open: false, listeners: 'none', without: none, connectMessage: null, reject: null, namespace: '', history: false };
const loadFactory = async () => window.wxOConfiguration.serviceDesk.customFactory;
const { host } = mount(document.getElementById('chat'), 0, { config, dialect: dialects.orchestrate, loadFactory });
host.draw();
