// What the page must do, tried as a person would, and looked at from the outside: by smbclient and in the files.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

const sleep = seconds => new Promise(done => setTimeout(done, seconds * 1000));

async function until(what, test, seconds = 15) {
	for (let n = 0; n < seconds * 4; n++) {
		if (await test())
			return;
		await sleep(0.25);
	}

	assert.fail(`${what}: did not happen within ${seconds} s`);
}

export function scenarios({ router, login, smbPort, disks, work, binary }) {
	let page;
	const config = () => readFileSync(router.file('etc/config/smolsmb'), 'utf8');
	const smb = (share, user, ...commands) => {
		try {
			return execFileSync('smbclient', [ `//127.0.0.1/${share}`, '-p', String(smbPort), '-U', user, '-c', commands.join(';') ], { encoding: 'utf8', stdio: [ 'ignore', 'pipe', 'pipe' ], timeout: 20000 });
		}
		catch (error) {
			return `FAILED ${error.stdout}${error.stderr}`;
		}
	};
	const card = disk => page.locator(`.smb-card[data-path="${router.seen(disk.path)}"]`);
	// A client that stays: commands go in while the page is looked at.
	const staying = (share, user) => {
		const child = spawn('smbclient', [ `//127.0.0.1/${share}`, '-p', String(smbPort), '-U', user ], { stdio: [ 'pipe', 'pipe', 'pipe' ] });

		child.said = '';
		child.stdout.on('data', data => { child.said += data; });
		child.stderr.on('data', data => { child.said += data; });
		child.type = line => child.stdin.write(line + '\n');

		return child;
	};

	return [
		[ 'a disk is shared in three clicks, and the person just made logs in', async () => {
			page = await login('root');
			await page.show('shares');
			await card(disks[0]).getByRole('button', { name: /^Share/ }).click();
			await page.locator('.smb-dialog').waitFor();
			await page.keyboard.press('Escape');
			await page.locator('.smb-dialog').waitFor({ state: 'hidden' });
			assert.ok(!config().includes('HOLIDAYS'));
			await page.evaluate(() => { window.clicks = 0; });
			const begin = Date.now();
			await card(disks[0]).getByRole('button', { name: /^Share/ }).click();
			await page.locator('.smb-dialog').waitFor();
			await page.keyboard.type('anna');
			await page.keyboard.press('Tab');
			await page.keyboard.type('Sommer am See 26');
			assert.match(await page.locator('.smb-dialog').innerText(), /strong|good/);
			await page.primary();
			const said = await page.result();
			assert.match(said, /is shared/);
			assert.match(said, /The server is running/);
			assert.match(said, /The folder is there/);
			assert.match(said, /logged in to itself over the network/);
			assert.match(said, /can be written to/);
			assert.match(said, /smb:\/\/\S+\/HOLIDAYS/);
			await page.locator('.smb-copy button').last().click();
			assert.equal(await page.evaluate(() => window.clicks), 3, 'clicks');
			console.log(`   3 clicks, ${((Date.now() - begin) / 1000).toFixed(1)} s, of which most is the router's`);
			writeFileSync(`${work}/hello.txt`, 'hello');
			assert.match(smb('HOLIDAYS', 'anna%Sommer am See 26', `put ${work}/hello.txt hello.txt`, 'ls'), /hello\.txt/);
			assert.match(smb('HOLIDAYS', 'anna%wrong', 'ls'), /FAILED.*LOGON_FAILURE/s);
			await page.primary();
			await page.locator('.smb-table').getByText('served', { exact: true }).waitFor();
		} ],

		[ 'a password is nowhere but in the database, and there as a hash', async () => {
			assert.ok(!config().includes('Sommer'));
			assert.ok(!(await page.content()).includes('Sommer'));
			assert.equal(page.sent.filter(text => text.includes('Sommer')).length, 1, 'requests that hold it');
			assert.ok(page.sent.find(text => text.includes('Sommer')).includes('set_password'));
			for (const name of [ 'tmp/smolsmb.log', 'tmp/arguments', 'var/run/smolsmb.said', 'etc/smolsmb/passwd', 'etc/config/passwd' ])
				if (existsSync(router.file(name)))
					assert.ok(!readFileSync(router.file(name), 'utf8').includes('Sommer'), name);
			assert.ok(!JSON.stringify(await page.call('luci.smolsmb', 'people')).includes('191d'));
		} ],

		[ 'a folder that cannot be one is refused in the dialog; one that is not there is said to be absent', async () => {
			await page.show('shares');
			await page.getByRole('button', { name: 'Share another folder' }).click();
			const field = page.locator('.smb-dialog [data-name="path"] input[type=text]');
			await page.fill('#smb-share-name', 'films');
			await page.locator('#smb-access-read').check();
			for (const wrong of [ 'mnt', '/mnt/../etc', '' ]) {
				await field.fill(wrong);
				await page.primary();
				await until('refused', async () => (await page.locator('.smb-dialog .smb-error').innerText()) != '');
			}
			assert.ok(!config().includes('films'));
			await field.fill(router.seen('/mnt/nowhere'));
			await page.primary();
			const said = await page.result();
			assert.match(said, /saved, but not shared yet/);
			assert.match(said, /not there/);
			await page.primary();
			assert.match(await page.locator('.smb-table').innerText(), /disk absent/);
			await page.getByRole('button', { name: 'Delete films' }).click();
			await page.primary();
			await page.locator('.smb-table').getByText('films').waitFor({ state: 'hidden' });
			assert.ok(!config().includes('films'));
		} ],

		[ 'a disk that is pulled is shown as missing', async () => {
			await page.show('shares');
			await card(disks[1]).getByRole('button', { name: /^Share/ }).click();
			assert.equal(await page.evaluate(() => window.pwned), undefined, 'a label is no markup');
			await page.fill('#smb-share-name', 'pulled');
			await page.locator('.smb-people select').first().selectOption('write');
			await page.locator('.smb-dialog summary').first().click();
			execFileSync('mkdir', [ '-p', router.file(disks[1].path + '/films') ]);
			await page.locator('.smb-dialog [data-name="path"] input[type=text]').fill(router.seen(disks[1].path) + '/films');
			await page.primary();
			assert.match(await page.result(), /is shared/);
			await page.primary();
			router.unplug(disks[1]);
			await until('absent', async () => { await page.show('shares'); return (await page.locator('.smb-table').innerText()).includes('disk absent'); });
			assert.equal(await card(disks[1]).count(), 0);
			assert.match(await page.locator('.smb-absent').innerText(), /pulled.*not there/s);
		} ],

		[ 'a password is changed: the old one is refused, the new one lets in', async () => {
			await page.show('people');
			await page.getByRole('button', { name: 'Edit anna' }).click();
			await page.locator('.smb-dialog input[type=password]').fill("neu & 'anders' 99");
			await page.primary();
			await page.locator('.smb-dialog').waitFor({ state: 'hidden' });
			await until('the new password', () => !smb('HOLIDAYS', "anna%neu & 'anders' 99", 'ls').startsWith('FAILED'));
			assert.match(smb('HOLIDAYS', 'anna%Sommer am See 26', 'ls'), /LOGON_FAILURE/);
		} ],

		[ 'a person is added for reading, switched off, and removed', async () => {
			await page.getByRole('button', { name: 'Add a person' }).click();
			await page.fill('#smb-name', 'bob');
			await page.locator('.smb-dialog input[type=password]').fill('bobs geheimnis');
			await page.getByLabel('What they may do with HOLIDAYS').selectOption('read');
			await page.primary();
			await page.locator('.smb-dialog').waitFor({ state: 'hidden' });
			await until('bob', () => /hello/.test(smb('HOLIDAYS', 'bob%bobs geheimnis', 'ls')));
			assert.match(smb('HOLIDAYS', 'bob%bobs geheimnis', 'rm hello.txt'), /ACCESS_DENIED|MEDIA_WRITE/);
			await page.getByRole('button', { name: 'Switch off bob' }).click();
			await page.locator('.smb-table').getByText('switched off').waitFor();
			await until('switched off', () => /LOGON_FAILURE|ACCOUNT_DISABLED/.test(smb('HOLIDAYS', 'bob%bobs geheimnis', 'ls')));
			await page.getByRole('button', { name: 'Remove bob' }).click();
			await page.primary();
			await page.locator('.smb-table').getByText('bob', { exact: true }).waitFor({ state: 'hidden' });
			assert.ok(!config().includes('bob'));
		} ],

		[ 'a login that may only look sees who is connected, and is denied the rest', async () => {
			const viewer = await login('viewer');
			const methods = JSON.parse(readFileSync(new URL('../../luci-app/root/usr/share/rpcd/acl.d/luci-app-smolsmb.json', import.meta.url)));
			const all = Object.values(methods).flatMap(group => [ ...group.read.ubus['luci.smolsmb'], ...group.write.ubus['luci.smolsmb'] ]);
			await viewer.show('live');
			await viewer.getByText('Who is connected').waitFor();
			assert.equal(await viewer.getByRole('button', { name: /Disconnect|Eject|Start/ }).count(), 0);
			assert.ok((await viewer.call('luci.smolsmb', 'status')).running);
			for (const method of all.filter(m => m != 'status'))
				assert.equal((await viewer.call('luci.smolsmb', method, method == 'set_password' ? { name: 'anna', password: 'x' } : {})).denied, -32002, method);
			const read = await viewer.call('uci', 'get', { config: 'smolsmb' });
			assert.ok(read.denied || read.code == 6, 'the configuration is not his to read');
			const set = await viewer.call('uci', 'set', { config: 'smolsmb', section: 'server', values: { name: 'x' } });
			assert.ok(set.denied || set.code == 6);
			assert.ok(!config().includes("option name 'x'"));
			for (const name of [ 'shares', 'people', 'settings', 'import' ]) {
				// LuCI answers 403 and nothing else, which the browser calls an error.
				await viewer.goto(`${router.url}/admin/services/smolsmb/${name}`).catch(() => {});
				assert.equal(await viewer.locator('.smb').count(), 0, name);
			}
			await viewer.context().close();
		} ],

		[ 'hostile names are refused or are only names', async () => {
			const evil = [ "'; touch /tmp/pwned; '", '$(touch /tmp/pwned)', '`touch /tmp/pwned`', '--delete', '<script>window.pwned=1</script>', '<img src=x onerror=window.pwned=1>', '😀'.repeat(31) ];
			await page.show('people');
			for (const name of evil) {
				const answer = await page.call('luci.smolsmb', 'set_password', { name, password: `geheim'"$(touch /tmp/pwned)` });
				assert.ok(answer.ok, `${name}: ${answer.error}`);
			}
			for (const name of [ 'a\nb', 'a:b', '', 'x'.repeat(300), '😀'.repeat(64), 'nul\u0001' ])
				assert.ok(!(await page.call('luci.smolsmb', 'set_password', { name, password: 'x' })).ok, JSON.stringify(name));
			for (const password of [ '', 'a\nb', 'x'.repeat(600) ])
				assert.ok(!(await page.call('luci.smolsmb', 'set_password', { name: 'anna', password })).ok);
			for (const [ method, request ] of [ [ 'disconnect', { session: '1; touch /tmp/pwned' } ], [ 'eject', { path: "/mnt'; touch /tmp/pwned;'" } ], [ 'preview', { from: 'ksmbd; touch /tmp/pwned' } ], [ 'probe', { share: "x'; touch /tmp/pwned;'" } ], [ 'import', { from: '../x' } ] ])
				assert.ok(!(await page.call('luci.smolsmb', method, request)).ok, method);
			for (const name of evil.slice(4)) {
				await page.getByRole('button', { name: 'Add a person' }).click();
				await page.fill('#smb-name', name);
				await page.locator('.smb-dialog input[type=password]').fill('geheim 12');
				await page.getByLabel('What they may do with HOLIDAYS').selectOption('write');
				await page.primary();
				await page.locator('.smb-dialog').waitFor({ state: 'hidden' });
				await page.locator('.smb-table').getByText(name, { exact: true }).waitFor();
			}
			await until('emoji', () => /hello/.test(smb('HOLIDAYS', '😀'.repeat(31) + '%geheim 12', 'ls')));
			await page.show('shares');
			await card(disks[0]).getByRole('button', { name: /^Share/ }).click();
			for (const [ name, good ] of [ [ 'a"b', false ], [ '<script>', false ], [ 'a/b', false ], [ 'IPC$', false ], [ '😀'.repeat(64), false ], [ "O'Neill $(id) & 😀", true ] ]) {
				await page.fill('#smb-share-name', name);
				await page.locator('.smb-people select').first().selectOption('write');
				await page.primary();
				if (good)
					assert.match(await page.result(), /is shared/);
				else
					await until(name, async () => (await page.locator('.smb-dialog .smb-error').innerText()) != '');
			}
			assert.match(smb("O'Neill $(id) & 😀", "anna%neu & 'anders' 99", 'ls'), /hello/);
			assert.equal(await page.evaluate(() => window.pwned), undefined);
			assert.ok(!existsSync('/tmp/pwned') && !existsSync(router.file('tmp/pwned')));
		} ],

		[ 'who copies is seen live, with the open file and the throughput, and is disconnected', async () => {
			await page.show('live');
			const client = staying('HOLIDAYS', "anna%neu & 'anders' 99");
			client.type('open hello.txt');
			execFileSync('dd', [ 'if=/dev/zero', `of=${work}/big`, 'bs=1M', 'count=64', 'status=none' ]);
			const row = page.locator('[data-what=sessions] tr', { hasText: 'anna' });
			await row.waitFor();
			assert.match(await row.innerText(), /127\.0\.0\.1[\s\S]*3\.1\.1[\s\S]*signed|encrypted/);
			await page.getByText('HOLIDAYS/hello.txt').waitFor();
			// Only now: what comes in one piece, smbclient reads in one piece, and waits for more.
			client.type(`put ${work}/big big`);
			await until('the copy', () => client.said.includes('putting file'));
			await until('throughput', async () => (await page.locator('.smb-line.smb-write').getAttribute('d')).split('L').some(p => +p.split(' ')[1] < 119));
			await row.getByRole('button', { name: 'Disconnect anna' }).click();
			await page.primary();
			await row.waitFor({ state: 'hidden' });
			client.type('ls');
			await until('disconnected', () => /NT_STATUS|closed|failed/i.test(client.said.split('putting file').pop()));
			client.kill();
		} ],

		[ 'a browser that speaks German gets German', async () => {
			const german = await login('root', { locale: 'de-DE' });
			await german.show('shares');
			const said = await german.locator('.smb').innerText();
			assert.match(said, /Netzfreigaben[\s\S]*Läuft als[\s\S]*Platten[\s\S]*Freigaben/);
			assert.doesNotMatch(said, /Running|Network|Shares/);
			await german.context().close();
		} ],

		[ 'another server\'s shares, people and passwords are shown, and move in', async () => {
			// Dora's password as ksmbd keeps it: the same hash, in base64.
			mkdirSync(`${work}/dora`, { recursive: true });
			writeFileSync(`${work}/dora/smolsmb`, '');
			execFileSync(binary, [ 'passwd', 'dora', '--config', `${work}/dora` ], { input: 'doras altes' });
			const hash = readFileSync(`${work}/dora/passwd`, 'utf8').split(':')[1].trim();
			mkdirSync(router.file(path.dirname(router.passwords)), { recursive: true });
			writeFileSync(router.file(router.passwords), `dora:${Buffer.from(hash, 'hex').toString('base64')}\n`);
			const folder = router.seen(disks[0].path);
			writeFileSync(router.file('etc/config/ksmbd'), `config globals\n\toption workgroup 'HEIM'\n\nconfig share\n\toption name 'von-ksmbd'\n\toption path '${folder}'\n\toption users 'dora'\n\toption read_only 'no'\n`);
			writeFileSync(router.file('etc/config/samba4'), `config samba\n\toption workgroup 'HEIM'\n\nconfig sambashare\n\toption name 'von-samba'\n\toption path '${folder}'\n\toption guest_ok 'yes'\n\toption read_only 'yes'\n`);
			for (const [ from, share ] of [ [ 'ksmbd', 'von-ksmbd' ], [ 'samba4', 'von-samba' ] ]) {
				await page.show('import');
				const panel = page.locator(`.smb-panel[data-from="${from}"]`);
				await panel.getByRole('button', { name: /^Show/ }).click();
				await panel.locator('pre').waitFor();
				assert.match(await panel.innerText(), new RegExp(share));
				assert.ok(!config().includes(share));
				await panel.getByRole('button', { name: /^Move in/ }).click();
				await panel.getByText('Done').waitFor();
				assert.ok(config().includes(share));
			}
			await until('dora', () => /hello/.test(smb('von-ksmbd', 'dora%doras altes', 'ls')));
			await until('guests', () => /hello/.test(smb('von-samba', 'nobody%', 'ls')));
		} ],

		[ 'settings are checked as the server does, and kept', async () => {
			await page.show('settings');
			await page.locator('[data-name="workgroup"] input').fill('two words');
			await page.locator('.cbi-button-apply').first().click();
			await sleep(1);
			assert.ok(!config().includes('two words'));
			await page.show('settings');
			await page.locator('[data-name="workgroup"] input').fill('HEIM');
			await page.locator('.cbi-button-apply').first().click();
			await until('kept', () => config().includes("option workgroup 'HEIM'"), 30);
			await sleep(2);
			await page.show('settings');
			await page.getByRole('button', { name: 'Measure' }).click();
			await page.getByText('AES-128-GCM').first().waitFor();
		} ],

		[ 'a server that cannot start is said to be stopped, with its reason', async () => {
			router.service('stop');
			const squatter = createServer().listen(smbPort, '127.0.0.1');
			await sleep(1);
			await page.show('shares');
			assert.match(await page.locator('.smb-banner').innerText(), /not running/);
			await card(disks[0]).getByRole('button', { name: /^Share/ }).click();
			await page.fill('#smb-share-name', 'late');
			await page.locator('#smb-access-read').check();
			await page.primary();
			const said = await page.result();
			assert.match(said, /saved, but not shared yet/);
			assert.match(said, /The server is not running/);
			assert.match(said, /in use|Address/);
			await new Promise(done => squatter.close(done));
			await page.locator('.smb-result').getByRole('button', { name: 'Start the server' }).click();
			await until('running', async () => /Running as/.test(await page.locator('.smb-banner').innerText().catch(() => '')), 20);
			await until('served', async () => { await page.show('shares'); return /late[\s\S]*served/.test(await page.locator('.smb-table').innerText()); });
		} ],

		[ 'a disk is ejected: who holds it is said first, then it is free', async () => {
			if (!router.real)
				throw Object.assign(new Error('no right to mount anything here'), { skipped: true });

			const client = staying('HOLIDAYS', "anna%neu & 'anders' 99");
			client.type('open hello.txt');
			await until('open', async () => (await page.call('luci.smolsmb', 'status')).status.opens.some(o => o.path.includes('hello')));
			await page.show('shares');
			await card(disks[0]).getByRole('button', { name: /^Eject/ }).click();
			assert.match(await page.locator('.smb-dialog').innerText(), /anna has HOLIDAYS\/hello\.txt open/);
			await page.primary();
			await page.getByText('The disk can be unplugged.').waitFor();
			const status = (await page.call('luci.smolsmb', 'status')).status;
			assert.ok(!status.opens.some(o => o.path.includes('hello')), 'the file is closed');
			router.mounts();
			await until('absent', async () => { await page.show('shares'); return /HOLIDAYS[\s\S]*disk absent/.test(await page.locator('.smb-table').innerText()); });
			assert.equal(await card(disks[0]).count(), 0);
			client.kill();
		} ]
	];
}
