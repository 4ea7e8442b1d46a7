// The part of LuCI that the page uses, for a machine without LuCI: written for this test, after LuCI's documented
// behaviour. What it must get right is what the page relies on: children in arrays are text, a lone string is markup.
'use strict';

const modules = {};
const isNode = value => value instanceof Node;

String.prototype.format = function(...values) {
	return this.replace(/%(0?\d*)(?:\.(\d+))?([sdfh%])/g, (all, width, digits, kind) => {
		if (kind == '%')
			return '%';

		const value = values.shift();
		const text = kind == 'd' ? String(Math.trunc(value)) : kind == 'f' ? (+value).toFixed(digits ?? 6) : String(value);

		return kind == 'h' ? text.replace(/[&<>"']/g, c => '&#' + c.charCodeAt(0) + ';') : text;
	});
};

window._ = text => FACTS.translations[text] ?? text;

const dom = modules.dom = {
	append(node, children) {
		if (Array.isArray(children))
			children.filter(child => child != null).forEach(child => node.appendChild(isNode(child) ? child : document.createTextNode(String(child))));
		else if (isNode(children))
			node.appendChild(children);
		else if (children != null)
			node.innerHTML = String(children);
	},

	content(node, children) {
		node.replaceChildren();
		dom.append(node, children);
	}
};

window.E = (tag, attributes, children) => {
	if (Array.isArray(attributes) || isNode(attributes) || typeof attributes == 'string')
		[ attributes, children ] = [ {}, attributes ];

	const node = document.createElement(tag);

	for (const [ key, value ] of Object.entries(attributes ?? {}))
		if (typeof value == 'function')
			node.addEventListener(key, value);
		else if (value != null)
			node.setAttribute(key, value);

	dom.append(node, children);

	return node;
};

window.L = {
	resource: name => '/luci-static/resources/' + name,
	url: (...parts) => '/cgi-bin/luci/' + parts.join('/'),
	hasViewPermission: () => FACTS.writable
};

// One request for all calls of a moment, as LuCI does.
let queue = [];

function send() {
	const calls = queue;

	queue = [];

	fetch('/ubus', { method: 'POST', body: JSON.stringify(calls.map((call, id) => ({ jsonrpc: '2.0', id, method: 'call', params: [ FACTS.session, call.object, call.method, call.request ] }))) })
		.then(response => response.json())
		.then(answers => answers.forEach(answer => calls[answer.id].done(answer)), failure => calls.forEach(call => call.fail(failure)));
}

modules.rpc = {
	declare: ({ object, method, params, expect, reject }) => (...values) => new Promise((done, fail) => {
		const request = {};

		(params ?? []).forEach((name, at) => { if (values[at] !== undefined) request[name] = values[at]; });

		if (!queue.length)
			setTimeout(send, 0);

		queue.push({ object, method, request, fail, done: answer => {
			const code = answer.error ? answer.error.code : answer.result[0];

			if (answer.error || (code && reject))
				return fail(new Error(`RPC call to ${object}/${method} failed with error ${code}`));

			const key = Object.keys(expect ?? {})[0];
			const value = key == null ? (answer.result.length > 1 ? answer.result[1] : code) : key == '' ? answer.result[1] : answer.result[1]?.[key];

			done(value ?? (key == null ? value : expect[key]));
		} });
	})
};

modules.poll = { add: (call, seconds) => setInterval(call, seconds * 1000) };

modules.ui = {
	showModal(title, children, ...classes) {
		modules.ui.hideModal();

		const dialog = E('div', { 'class': [ 'modal', ...classes ].join(' ') }, title ? [ E('h4', {}, [ title ]) ] : []);

		dom.append(dialog, children);
		// Escape presses the first button of the row, which cancels.
		document.body.appendChild(E('div', { 'id': 'modal_overlay', 'keydown': event => { if (event.key == 'Escape') dialog.querySelector('.right > button')?.click(); } }, [ dialog ]));

		return dialog;
	},

	hideModal() { document.getElementById('modal_overlay')?.remove(); },

	addNotification(title, children, ...classes) {
		const node = E('div', { 'class': [ 'alert-message', ...classes ].join(' ') }, title ? [ E('h4', {}, [ title ]) ] : []);

		dom.append(node, children);
		document.getElementById('view').prepend(node);
	},

	// A button is busy as long as what it started.
	createHandlerFn: (self, call, ...bound) => event => {
		const button = event.currentTarget;

		button.classList.add('spinning');
		button.disabled = true;

		return Promise.resolve((typeof call == 'string' ? self[call] : call).call(self, ...bound, event)).finally(() => {
			button.classList.remove('spinning');
			button.disabled = false;
		});
	}
};

const extend = base => members => Object.assign(Object.create(base), members);

modules.baseclass = { extend: extend({}) };
modules.view = { extend: extend({ isView: true }) };
