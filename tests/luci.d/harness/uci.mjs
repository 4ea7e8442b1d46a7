// UCI for the harness: real files, read and written as `uci` does; each session's changes are staged until applied.
import { readFileSync, readdirSync, writeFileSync, renameSync, existsSync } from 'node:fs';
import path from 'node:path';

// Words of a line: blanks part them, quotes hold them together.
function words(text) {
	const found = [];
	const token = /\s+|#.*?(?:\n|$)|'([^']*)'|"((?:\\.|[^"\\])*)"|\\([^])|([^\s'"\\]+)/gy;
	let word = null, line = [], match;

	const end = () => { if (word != null) line.push(word); word = null; };

	while ((match = token.exec(text))) {
		if (/^\s/.test(match[0]) || (match[0][0] == '#' && word == null)) {
			end();
			if (match[0].includes('\n')) { if (line.length) found.push(line); line = []; }
		}
		else
			word = (word ?? '') + (match[1] ?? match[2]?.replace(/\\([^])/g, '$1') ?? match[3] ?? match[4] ?? match[0]);
	}

	end();
	if (line.length) found.push(line);

	return found;
}

export function parse(text) {
	const sections = [];

	for (const [ kind, ...rest ] of words(text)) {
		const last = sections[sections.length - 1];

		if (kind == 'config')
			sections.push({ '.type': rest[0], '.name': rest[1] ?? 'cfg' + String(sections.length).padStart(2, '0') + 'harness', '.anonymous': rest.length < 2 });
		else if (kind == 'option' && last)
			last[rest[0]] = rest[1] ?? '';
		else if (kind == 'list' && last)
			last[rest[0]] = [].concat(last[rest[0]] ?? [], rest[1] ?? '');
	}

	return sections;
}

const quote = value => "'" + value.replaceAll("'", "'\\''") + "'";

export function format(sections) {
	return sections.map(section => `\nconfig ${section['.type']}${section['.anonymous'] ? '' : ' ' + quote(section['.name'])}\n` +
		Object.entries(section).filter(([ key ]) => key[0] != '.').map(([ key, value ]) => Array.isArray(value)
			? value.map(item => `\tlist ${key} ${quote(item)}\n`).join('') : `\toption ${key} ${quote(value)}\n`).join('')).join('');
}

export class Uci {
	constructor(folder) { this.folder = folder; this.sessions = new Map(); this.serial = 0; }

	file(name) { return path.join(this.folder, name); }

	read(name) { return existsSync(this.file(name)) ? parse(readFileSync(this.file(name), 'utf8')) : null; }

	// A session's view of a package: the file, or what it changed.
	staged(session, name) {
		const all = this.sessions.get(session) ?? this.sessions.set(session, new Map()).get(session);

		if (!all.has(name))
			all.set(name, { sections: this.read(name), changes: [] });

		return all.get(name);
	}

	call(session, method, request) {
		const name = request.config;

		switch (method) {
		case 'get': {
			const sections = this.staged(session, name).changes.length ? this.staged(session, name).sections : this.read(name);

			return sections && { values: Object.fromEntries(sections.map((section, at) => [ section['.name'], { ...section, '.index': at } ])) };
		}
		case 'changes':
			return { changes: Object.fromEntries([ ...(this.sessions.get(session) ?? []) ].filter(([ , s ]) => s.changes.length).map(([ n, s ]) => [ n, s.changes ])) };
		case 'apply':
		case 'confirm':
			return this[method](session, request);
		}

		const staged = this.staged(session, name);

		if (!staged.changes.length)
			staged.sections = this.read(name) ?? [];

		const at = staged.sections.findIndex(section => section['.name'] == request.section);
		const section = staged.sections[at];

		staged.changes.push([ method, request.section ?? '', ...(request.values ? [ JSON.stringify(request.values) ] : []) ]);

		if (method == 'add') {
			const made = { '.type': request.type, '.name': request.name ?? 'cfg' + (++this.serial) + 'new', '.anonymous': !request.name, ...(request.values ?? {}) };

			staged.sections.push(made);

			return { section: made['.name'] };
		}

		if (!section)
			return null;

		if (method == 'set')
			Object.assign(section, request.values);
		else if (method == 'delete' && (request.option || request.options))
			for (const option of [].concat(request.options ?? request.option))
				delete section[option];
		else if (method == 'delete')
			staged.sections.splice(at, 1);

		return {};
	}

	apply(session) {
		const all = [ ...(this.sessions.get(session) ?? []) ].filter(([ , staged ]) => staged.changes.length);

		if (!all.length)
			return null;

		for (const [ name, staged ] of all) {
			writeFileSync(this.file(name) + '.new', format(staged.sections));
			renameSync(this.file(name) + '.new', this.file(name));
			this.applied?.(name);
		}

		this.sessions.delete(session);

		return {};
	}

	confirm() { return {}; }

	cursor() { return { foreach: (name, type, call) => (this.read(name) ?? []).filter(s => s['.type'] == type).forEach(s => call(s)) }; }

	packages() { return readdirSync(this.folder); }
}
