// Runs the page's ucode backend where there is no ucode: its source as JavaScript, with ucode's functions around it.
// The two languages differ in little that the backend uses: `for … in` gives values, `length` counts bytes, regular
// expressions have POSIX classes, and `require` of a missing module throws (the backend then asks by command line).
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, readFileSync, statfsSync, unlinkSync } from 'node:fs';

const bytes = text => Buffer.byteLength(text);

function expression(pattern) {
	return pattern instanceof RegExp ? pattern : new RegExp(pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g');
}

// A pipe in one direction, as popen gives it.
function popen(command, mode) {
	let input = '', result = null;
	const finish = () => result ??= spawnSync('sh', [ '-c', command ], { input, encoding: 'utf8', maxBuffer: 1 << 24 });

	return {
		read: limit => finish().stdout.slice(0, limit),
		write: text => { input += text; },
		close: () => finish().status ?? 255,
		mode
	};
}

const quiet = action => { try { return action(); } catch { return null; } };

const fs = {
	access: path => quiet(() => (accessSync(path), true)),
	popen,
	readfile: path => quiet(() => readFileSync(path, 'utf8')),
	unlink: path => quiet(() => (unlinkSync(path), true)),
	statvfs: path => quiet(() => { const s = statfsSync(path); return { blocks: s.blocks, frsize: s.bsize, bavail: s.bavail }; })
};

const builtins = {
	type: value => value == null ? null : Array.isArray(value) ? 'array' : typeof value == 'number' ? 'int' : typeof value == 'boolean' ? 'bool' : typeof value,
	length: value => value == null ? null : typeof value == 'string' ? bytes(value) : Array.isArray(value) ? value.length : Object.keys(value).length,
	match: (text, pattern) => text == null ? null : pattern.global ? (found => found.length ? found : null)([ ...text.matchAll(pattern) ]) : String(text).match(pattern),
	replace: (text, pattern, by) => String(text).replace(expression(pattern), typeof by == 'string' ? () => by : by),
	split: (text, by) => text == null ? null : String(text).split(by),
	push: (list, ...items) => { list.push(...items); return items[items.length - 1]; },
	filter: (list, test) => (list ?? []).filter(test),
	trim: text => String(text ?? '').trim(),
	lc: text => String(text).toLowerCase(),
	chr: (...codes) => String.fromCharCode(...codes),
	int: (text, base) => parseInt(text, base),
	json: text => JSON.parse(text),
	sprintf: (form, value) => form.replace('%J', () => JSON.stringify(value)),
	system: command => { try { execFileSync('sh', [ '-c', command ], { stdio: 'ignore' }); return 0; } catch (error) { return error.status ?? 255; } },
	require: name => { throw new Error(`no module ${name}`); }
};

// The objects that a file of /usr/share/rpcd/ucode offers. `prefix` stands before the router's own paths.
export function load(file, prefix, cursor) {
	const imports = [];
	const source = readFileSync(file, 'utf8')
		.replace(/^import \{(.*)\} from '(\w+)';$/gm, (line, names, module) => { imports.push(`const {${names}} = modules.${module};`); return ''; })
		.replace(/for \(let (\w+) in /g, 'for (let $1 of ')
		.replaceAll('[[:cntrl:]]', '[\\x00-\\x1f\\x7f]')
		.replace(/(['"`/ ])(\/(?:usr\/sbin|sbin|etc|var\/run|proc)\/)(?=[a-z])/g, (all, before, path) => before == '/' ? all : before + prefix + path);
	const names = Object.keys(builtins);

	return new Function('modules', ...names, imports.join('') + source)({ fs, uci: { cursor } }, ...names.map(name => builtins[name]));
}
