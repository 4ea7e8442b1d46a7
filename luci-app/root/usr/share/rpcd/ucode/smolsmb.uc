// SPDX-License-Identifier: MIT OR Apache-2.0
//
// ubus object luci.smolsmb: what the page asks of the router. The running server is asked over its control
// socket, the rest is the server's own command line. Everything that comes from the page is checked here first:
// a command line is either fixed, or holds one argument that passed `text` and is quoted by `quote`.

'use strict';

import { access, popen, readfile, statvfs, unlink } from 'fs';
import { cursor } from 'uci';

const PROGRAM = '/usr/sbin/smolsmb';
const SERVICE = '/etc/init.d/smolsmb';
const SOCKET = '/var/run/smolsmb.sock';
const PASSWD = '/etc/smolsmb/passwd';
// What a command says when its standard input is in use: popen goes one way only. rpcd works one call at a time.
const SAID = '/var/run/smolsmb.said';
const OUTPUT_LIMIT = 262144;
// Freeing a disk takes the server up to five seconds.
const PATIENCE = 10000;

// A text from the page: no control characters, no NUL, at most so many bytes.
function text(value, bytes) {
	return type(value) == 'string' && length(value) > 0 && length(value) <= bytes && !match(value, /[[:cntrl:]]/);
}

function user_name(value) {
	return text(value, 256) && !match(value, /:/);
}

function quote(value) {
	return "'" + replace(value, /'/g, "'\\''") + "'";
}

function refuse(reason) {
	return { ok: false, error: reason };
}

// Runs a command; what it printed, on both ways out, and whether it succeeded.
function run(command) {
	const pipe = popen(command + ' 2>&1', 'r');

	if (!pipe)
		return { ok: false, text: 'the router cannot start a program now' };

	const said = pipe.read(OUTPUT_LIMIT) ?? '';
	const code = pipe.close();

	return { ok: code == 0, text: said };
}

// Asks the running server; null: none answers.
function ask(request) {
	let module = null;

	try { module = require('socket'); } catch (e) {}

	if (!module)
		return null;

	const line = sprintf('%J\n', request);

	if (length(line) > 4096)
		return refuse('too long for the server');

	const connection = module.connect({ path: SOCKET }, null, null, PATIENCE);

	if (!connection)
		return null;

	connection.setopt(module.SOL_SOCKET, module.SO_RCVTIMEO, { tv_sec: PATIENCE / 1000, tv_usec: 0 });

	let answer = '';

	if (connection.send(line) == length(line)) {
		for (let part = connection.recv(65536); length(part) > 0 && length(answer) < 1048576; part = connection.recv(65536))
			answer += part;
	}

	connection.close();

	try { return json(answer); } catch (e) { return null; }
}

// The state of the running server, or of the service that should run it.
function state() {
	const answer = ask({ command: 'status' });
	let status = answer?.status;

	if (!status) {
		const said = run(PROGRAM + ' status --json');

		if (said.ok) {
			try { status = json(said.text)?.status; } catch (e) {}
		}
	}

	return { running: !!status, status: status ?? {} };
}

// One of the server's verbs with one argument, when there is no socket to ask.
function told(request, verb, argument) {
	const answer = ask(request);

	if (answer)
		return answer;

	const said = run(`${PROGRAM} ${verb} -- ${quote(argument)}`);

	return said.ok ? { ok: true, text: trim(said.text) } : refuse(trim(said.text));
}

function reload() {
	if (!ask({ command: 'reload' }))
		run(SERVICE + ' reload');
}

// `block info` names labels and UUIDs of the devices it knows.
function labels() {
	const found = {};

	for (let line in split(run('/sbin/block info').text, '\n')) {
		const device = match(line, /^(\/dev\/[^:]+):/);

		if (!device)
			continue;

		const facts = found[device[1]] = {};

		for (let pair in match(line, / ([A-Z]+)="([^"]*)"/g) ?? [])
			facts[lc(pair[1])] = pair[2];
	}

	return found;
}

function unescaped(field) {
	return replace(field, /\\([0-7][0-7][0-7])/g, (whole, octal) => chr(int(octal, 8)));
}

// Mounted disks that may be shared: devices, not the router's own flash, not what it keeps in memory.
function disks() {
	const known = labels();
	const seen = {};
	const found = [];

	for (let line in split(readfile('/proc/mounts') ?? '', '\n')) {
		const fields = split(line, ' ');

		if (length(fields) < 4)
			continue;

		const device = unescaped(fields[0]), path = unescaped(fields[1]);

		if (!match(device, /^\/dev\//) || match(device, /^\/dev\/(root|mtdblock|ubi|loop|zram)/) || seen[device] ||
		    match(path, /^\/(rom|overlay|boot|etc|dev|proc|sys|usr)?(\/|$)/))
			continue;

		const space = statvfs(path);
		const facts = known[device] ?? {};

		seen[device] = true;
		push(found, {
			device, path,
			filesystem: facts.type ?? fields[2],
			label: facts.label ?? '',
			uuid: facts.uuid ?? '',
			read_only: !!match(',' + fields[3] + ',', /,ro,/),
			size: space ? space.blocks * space.frsize : 0,
			free: space ? space.bavail * space.frsize : 0
		});
	}

	return found;
}

// Names of the users with a password; the hashes stay where they are.
function with_password() {
	const names = {};

	for (let line in split(readfile(PASSWD) ?? '', '\n')) {
		const entry = match(line, /^([^:]+):[0-9A-Fa-f]{32}/);

		if (entry)
			names[lc(entry[1])] = true;
	}

	return names;
}

function importable(from) {
	return from == 'ksmbd' || from == 'samba4';
}

function import_from(from, write) {
	if (!importable(from))
		return refuse('from is neither ksmbd nor samba4');

	const said = run(`${PROGRAM} import ${from}` + (write ? ' --write' : ''));

	if (said.ok && write)
		reload();

	return said.ok ? { ok: true, text: said.text } : refuse(trim(said.text));
}

const methods = {
	status: {
		call: () => state()
	},

	disks: {
		call: () => ({ disks: disks() })
	},

	// What the server says of the configuration, whether the service runs, and its last words.
	check: {
		call: function() {
			const said = run(PROGRAM + ' check --config /etc/config >/dev/null');
			const enabled = system(SERVICE + ' enabled >/dev/null 2>&1') == 0;

			return {
				ok: said.ok,
				mistakes: filter(split(said.text, '\n'), line => length(line) > 0),
				enabled,
				running: state().running,
				log: run('/sbin/logread -e smolsmb -l 20').text
			};
		}
	},

	ciphers: {
		call: () => ({ text: run(PROGRAM + ' ciphers').text })
	},

	log: {
		call: () => ({ text: run('/sbin/logread -e smolsmb -l 200').text })
	},

	people: {
		call: function() {
			const names = with_password();
			const people = {};
			const uci = cursor();

			uci.foreach('smolsmb', 'user', section => {
				if (section.name)
					people[section.name] = !!(section.nt_hash || names[lc(section.name)]);
			});

			return { people };
		}
	},

	set_password: {
		args: { name: 'name', password: 'password' },
		call: function(request) {
			const name = request.args.name, password = request.args.password;

			if (!user_name(name))
				return refuse('the name is empty, too long, or has a character that a name cannot have');

			if (!text(password, 512))
				return refuse('the password is empty, longer than 512 bytes, or has a control character');

			// The name is seen in the list of processes for a moment, the password never is.
			const pipe = popen(`umask 077; ${PROGRAM} passwd -- ${quote(name)} >${SAID} 2>&1`, 'w');

			if (!pipe)
				return refuse('the router cannot start a program now');

			pipe.write(password + '\n');

			const code = pipe.close();
			const said = readfile(SAID) ?? '';

			unlink(SAID);

			if (code != 0)
				return refuse(trim(said));

			// Who is let in changes at once, whether or not anything else is applied.
			reload();

			return { ok: true };
		}
	},

	remove_password: {
		args: { name: 'name' },
		call: function(request) {
			if (!user_name(request.args.name))
				return refuse('no such name');

			const said = run(`${PROGRAM} passwd --delete -- ${quote(request.args.name)}`);

			return said.ok ? { ok: true } : refuse(trim(said.text));
		}
	},

	disconnect: {
		args: { session: 'session' },
		call: function(request) {
			const session = request.args.session;

			if (!text(session, 20) || !match(session, /^[0-9]+$/))
				return refuse('session is no number');

			return told({ command: 'disconnect', session }, 'disconnect', session);
		}
	},

	eject: {
		args: { path: 'path' },
		call: function(request) {
			const path = request.args.path;

			// Only what is mounted can be ejected, so no other text gets any further.
			if (!length(filter(disks(), disk => disk.path == path)))
				return refuse('no disk is mounted there');

			const answer = told({ command: 'eject', path }, 'eject', path);

			if (!answer.ok)
				return answer;

			// Nobody has a file open there any more, unless another program of the router does.
			const said = run(`umount ${quote(path)}`);

			return { ok: true, unmounted: said.ok, text: said.ok ? '' : trim(said.text), holders: answer.holders ?? [] };
		}
	},

	start: {
		call: function() {
			run(SERVICE + ' enable');

			const said = run(SERVICE + ' restart');

			return said.ok ? { ok: true } : refuse(trim(said.text));
		}
	},

	sources: {
		call: () => ({ sources: filter([ 'ksmbd', 'samba4' ], from => !!access('/etc/config/' + from)) })
	},

	preview: {
		args: { from: 'from' },
		call: request => import_from(request.args.from, false)
	},

	'import': {
		args: { from: 'from' },
		call: request => import_from(request.args.from, true)
	},

	// The share as a client would find it: its folder, and the server over the network.
	probe: {
		args: { share: 'share' },
		call: function(request) {
			if (!text(request.args.share, 512))
				return refuse('no such share');

			const said = run(`${PROGRAM} probe -- ${quote(request.args.share)}`);

			if (!said.ok)
				return refuse(replace(trim(said.text), /^smolsmb: /, ''));

			const found = json(said.text);

			found.names = filter(split(found.names, '\n'), name => length(name) > 0);

			return found;
		}
	}
};

return { 'luci.smolsmb': methods };
