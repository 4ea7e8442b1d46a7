// The page's source: LuCI's rules of ESLint, what jsmin leaves still parses, the template of translations is up to
// date, German is whole, every method is in the ACL once per right, and no file is over 400 lines.
// usage: node source.mjs REPO WORK
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { load } from './harness/ucode.mjs';

const [ repo, work ] = process.argv.slice(2);
const require = createRequire(path.join(work, 'node/'));
const { ESLint } = require('eslint');
const { jsmin } = require('jsmin');
const app = path.join(repo, 'luci-app');
const problems = [];
const files = (folder, ending) => readdirSync(folder, { recursive: true }).filter(name => name.endsWith(ending)).map(name => path.join(folder, name));

// LuCI's eslint.config.mjs, as far as it is about JavaScript; the globals are those a view may name.
const names = '_ N_ L E TR baseclass dom firewall form fs network poll request rpc session uci ui validation view widgets'.split(' ');
const eslint = new ESLint({
	cwd: app,
	overrideConfigFile: true,
	overrideConfig: [ require('@eslint/js').configs.recommended, {
		languageOptions: {
			sourceType: 'script', ecmaVersion: 2026, parserOptions: { ecmaFeatures: { globalReturn: true } },
			globals: { ...require('globals').browser, ...Object.fromEntries(names.map(name => [ name, 'readonly' ])) }
		},
		rules: { 'strict': 0, 'no-prototype-builtins': 0, 'no-empty': 0, 'no-undef': 'warn', 'no-unused-vars': 'off', 'no-regex-spaces': 0, 'no-control-regex': 0 }
	} ]
});
const scripts = files(path.join(app, 'htdocs'), '.js');

for (const file of scripts) {
	const source = readFileSync(file, 'utf8');
	// What a module requires is a name in it, as LuCI's loader has it.
	const required = [ ...source.matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm) ].map(([ , module, as ]) => as ?? module.split('.').pop());

	for (const result of await eslint.lintText(`/* global ${required.filter(name => !names.includes(name)).join(', ')} */${source}`.replace('/* global  */', ''), { filePath: file }))
		problems.push(...result.messages.map(m => `${file}:${m.line}: ${m.message} (${m.ruleId})`));

	for (const name of required)
		if (!new RegExp(`\\b${name}\\.`).test(source))
			problems.push(`${file}: requires ${name} and does not use it`);

	try {
		const minified = jsmin(source, 1);

		new Function(...required, minified);
		if (minified.length >= source.length)
			problems.push(`${file}: jsmin leaves it as long as it was`);
	}
	catch (error) {
		problems.push(`${file}: does not survive jsmin: ${error.message}`);
	}
}

for (const file of [ ...scripts, ...files(app, '.uc'), ...files(app, '.css'), ...files(path.join(repo, 'tests/luci.d'), '.mjs'), ...files(path.join(repo, 'tests/luci.d'), '.js') ])
	if (readFileSync(file, 'utf8').split('\n').length > 401)
		problems.push(`${file}: over 400 lines`);

const template = execFileSync(path.join(app, 'po/template'), { encoding: 'utf8' });

if (template != readFileSync(path.join(app, 'po/templates/smolsmb.pot'), 'utf8'))
	problems.push('po/templates/smolsmb.pot is not what po/template prints');

const entries = text => new Map([ ...text.matchAll(/^msgid "(.+)"\nmsgstr "(.*)"$/gm) ].map(([ , id, text ]) => [ id, text ]));
const translated = path.join(app, 'po/de/smolsmb.po');
const german = existsSync(translated) ? entries(readFileSync(translated, 'utf8')) : null;

for (const id of german ? entries(template).keys() : []) {
	const text = german.get(id);
	const marks = s => (s.match(/%[sd%]/g) ?? []).join(' ');

	if (!text)
		problems.push(`po/de: no translation of ${id}`);
	else if (marks(text) != marks(id))
		problems.push(`po/de: other places for values in ${text}`);
}

const acl = JSON.parse(readFileSync(path.join(app, 'root/usr/share/rpcd/acl.d/luci-app-smolsmb.json')));
const granted = Object.values(acl).flatMap(group => [ 'read', 'write' ].flatMap(kind => (group[kind]?.ubus?.['luci.smolsmb'] ?? []).map(method => [ kind, method ])));
const methods = Object.keys(load(path.join(app, 'root/usr/share/rpcd/ucode/smolsmb.uc'), '', () => null)['luci.smolsmb']);
const asked = scripts.map(file => readFileSync(file, 'utf8')).join('').match(/(?<=(reading|changing)\(')\w+/g);

for (const method of methods) {
	if (!granted.some(([ , name ]) => name == method))
		problems.push(`the ACL lacks ${method}`);
	if (!asked.includes(method))
		problems.push(`the page never asks for ${method}`);
}

for (const [ , method ] of granted)
	if (!methods.includes(method))
		problems.push(`the ACL grants ${method}, which there is not`);

console.log(problems.join('\n') || `source: ${scripts.length} scripts pass ESLint and jsmin, ${entries(template).size} strings are translated`);
process.exit(problems.length ? 1 : 0);
