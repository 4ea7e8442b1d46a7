// The harness: what uhttpd, rpcd and ubus are to the page, in one small server. Logins, and the rights that the
// package's own ACL file gives; `uci` on real files; `luci.smolsmb` by the package's own ucode (ucode.mjs).
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { load } from './ucode.mjs';
import { Uci } from './uci.mjs';

const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };

// Rights of a login: which ubus methods, and which packages of UCI may be read and written.
function rights(acl, groups) {
	const may = { ubus: new Set([ 'uci.get', 'uci.changes' ]), read: new Set(), write: new Set(), groups: {} };

	for (const [ group, kinds ] of Object.entries(groups)) {
		may.groups[group] = kinds;

		for (const kind of kinds) {
			const granted = acl[group]?.[kind] ?? {};

			for (const [ object, methods ] of Object.entries(granted.ubus ?? {}))
				methods.forEach(method => may.ubus.add(object + '.' + method));

			(granted.uci ?? []).forEach(name => (kind == 'write' ? may.write : may.read).add(name));
		}
	}

	if (may.write.size)
		[ 'add', 'set', 'delete', 'apply', 'confirm' ].forEach(method => may.ubus.add('uci.' + method));

	return may;
}

// A browser that speaks German gets German, as LuCI does with the language `auto`.
function german(app) {
	const text = readFileSync(path.join(app, 'po/de/smolsmb.po'), 'utf8');

	return Object.fromEntries([ ...text.matchAll(/^msgid "(.+)"\nmsgstr "(.+)"$/gm) ].map(([ , id, said ]) => [ id, said ]));
}

export function serve({ repo, prefix, port, password }) {
	const app = path.join(repo, 'luci-app');
	const acl = JSON.parse(readFileSync(path.join(app, 'root/usr/share/rpcd/acl.d/luci-app-smolsmb.json')));
	const menu = JSON.parse(readFileSync(path.join(app, 'root/usr/share/luci/menu.d/luci-app-smolsmb.json')));
	const uci = new Uci(path.join(prefix, 'etc/config'));
	const backend = load(path.join(app, 'root/usr/share/rpcd/ucode/smolsmb.uc'), prefix, () => uci.cursor());
	const logins = {
		root: { 'luci-app-smolsmb': [ 'read', 'write' ], 'luci-app-smolsmb-status': [ 'read', 'write' ] },
		viewer: { 'luci-app-smolsmb-status': [ 'read' ] }
	};
	const sessions = new Map();

	function call(session, object, method, request) {
		const may = sessions.get(session);

		if (!may || !may.ubus.has(object + '.' + method))
			return { error: -32002 };

		if (object == 'uci') {
			if (request.config && !(method == 'get' ? may.read : may.write).has(request.config))
				return { result: [ 6 ] };

			const answer = uci.call(session, method, request);

			return { result: !answer ? [ method == 'apply' ? 5 : 4 ] : Object.keys(answer).length ? [ 0, answer ] : [ 0 ] };
		}

		const offered = backend[object]?.[method];

		if (!offered)
			return { result: [ 3 ] };

		// As ubus: only known arguments, of the type that the backend shows by example.
		for (const key in request)
			if (typeof offered.args?.[key] != typeof request[key])
				return { result: [ 2 ] };

		return { result: [ 0, offered.call({ args: request }) ?? {} ] };
	}

	function ubus(message) {
		const [ session, object, method, request ] = message.params;
		const answer = message.method == 'call' ? call(session, object, method, request) : { error: -32601 };

		return { jsonrpc: '2.0', id: message.id, ...(answer.error ? { error: { code: answer.error, message: 'Access denied' } } : { result: answer.result }) };
	}

	function file(url) {
		const name = path.normalize(url.pathname).replace(/^\/luci-static\/resources\//, '');
		const places = [ path.join(app, 'htdocs/luci-static/resources', name), path.join(repo, 'tests/luci.d/harness/client', name) ];

		return url.pathname.startsWith('/luci-static/') ? places.find(place => existsSync(place)) : null;
	}

	const server = createServer((request, response) => {
		const url = new URL(request.url, 'http://router');
		let body = '';

		request.on('data', data => { body += data; });
		request.on('end', () => {
			const send = (code, type, text, headers) => { response.writeHead(code, { 'content-type': type + '; charset=utf-8', ...headers }); response.end(text); };
			const cookie = /sysauth=(\w+)/.exec(request.headers.cookie ?? '')?.[1];

			if (url.pathname == '/ubus') {
				const messages = JSON.parse(body);

				return send(200, 'application/json', JSON.stringify(Array.isArray(messages) ? messages.map(ubus) : ubus(messages)));
			}

			const found = file(url);

			if (found)
				return send(200, TYPES[path.extname(found)] ?? 'text/plain', readFileSync(found));

			if (request.method == 'POST') {
				const form = new URLSearchParams(body);

				if (form.get('luci_password') == password && logins[form.get('luci_username')]) {
					const id = randomBytes(16).toString('hex');

					sessions.set(id, rights(acl, logins[form.get('luci_username')]));

					return send(302, 'text/plain', '', { 'set-cookie': `sysauth=${id}; path=/; HttpOnly`, location: request.url });
				}
			}

			const may = sessions.get(cookie);

			if (!may)
				return send(403, 'text/html', '<form method="post"><input name="luci_username"><input type="password" name="luci_password"><button>Log in</button></form>');

			const place = url.pathname.replace(/^\/cgi-bin\/luci\//, '');
			const node = menu[place];
			const allowed = n => n.action.path && n.depends.acl.every(group => may.groups[group]?.length);

			if (!node || !allowed(node))
				return send(node ? 403 : 404, 'text/html', '<h2>Access denied</h2>');

			const tabs = Object.entries(menu).filter(([ , n ]) => allowed(n)).map(([ at, n ]) => [ at, n.title ]);
			const translations = /^de/.test(request.headers['accept-language'] ?? '') ? german(app) : {};
			const facts = { session: cookie, translations, view: node.action.path, tabs, writable: node.depends.acl.some(group => may.groups[group].includes('write') && acl[group].write) };

			send(200, 'text/html', `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
				`<link rel="stylesheet" href="/luci-static/resources/harness.css"><title>Harness</title></head><body><nav></nav><main id="view"></main>` +
				`<script>window.FACTS = ${JSON.stringify(facts).replaceAll('<', '\\u003c')}</script>` +
				[ 'base', 'uci', 'form', 'start' ].map(name => `<script src="/luci-static/resources/harness/${name}.js"></script>`).join('') + '</body></html>');
		});
	});

	server.listen(port, '127.0.0.1');

	return { uci, close: () => server.close() };
}
