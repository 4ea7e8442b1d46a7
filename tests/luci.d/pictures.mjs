// Takes the pictures of docs/luci.md: each page light, dark and 390 pixels wide. usage: node pictures.mjs REPO WORK BINARY CHROMIUM OUT
// OPENWRT_ROOT must be set: they show real LuCI.
import { spawn, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { start } from './root.mjs';
import { open } from './browser.mjs';

const [ repo, work, binary, chromium, out ] = process.argv.slice(2);
const sleep = seconds => new Promise(done => setTimeout(done, seconds * 1000));
const disks = [
	{ device: '/dev/sda1', path: '/mnt/sda1', label: 'Holidays', uuid: '1234-ABCD', filesystem: 'exfat', size: '8g' },
	{ device: '/dev/sdb1', path: '/mnt/sdb1', label: 'Films', uuid: 'a1b2c3d4-0000-4000-8000-123456789abc', filesystem: 'ext4', size: '2g' }
];
const router = start({ repo, work, binary, source: process.env.OPENWRT_ROOT, httpPort: 8087, smbPort: 14455, disks });

mkdirSync(out, { recursive: true });
await sleep(3);

const browser = await open(router, work, chromium);
const page = await browser.login('root');
const picture = (p, name) => p.screenshot({ path: `${out}/${name}.png`, fullPage: true });
const looks = { light: {}, dark: { colorScheme: 'dark' }, narrow: { viewport: { width: 390, height: 844 } } };
const pages = {};

for (const [ look, options ] of Object.entries(looks))
	pages[look] = await browser.login('root', options);

const all = async (name, prepare) => {
	for (const [ look, p ] of Object.entries(pages)) {
		await p.show(name);
		await sleep(0.5);
		await prepare?.(p);
		await p.screenshot({ path: `${out}/${name}${prepare?.name ? '-' + prepare.name : ''}-${look}.png`, fullPage: !(await p.locator('.smb-dialog:visible').count()) });
	}
};

execFileSync('fallocate', [ '-l', '1300M', router.file('/mnt/sdb1/archive.bin') ]);
for (const name of [ 'Korsika 2026', 'Ostsee', 'Wandern im Harz' ])
	mkdirSync(router.file('/mnt/sda1/' + name));

await all('shares', async function dialog(p) {
	await p.locator('.smb-card').first().getByRole('button').first().click();
	await p.locator('.smb-dialog').waitFor();
	await p.keyboard.type('anna');
	await p.keyboard.press('Tab');
	await p.keyboard.type('Sommer am See 26');
	await p.keyboard.press('Tab');
});

for (const [ n, name ] of [ 'anna', 'ben' ].entries()) {
	await page.show('shares');
	const begin = Date.now();
	await sleep(2);
	await page.locator('.smb-card').nth(n).getByRole('button').first().click();
	await page.locator('#smb-share-name').waitFor();
	if (n) {
		await page.locator('.smb-people select').first().selectOption('read');
		await page.getByRole('button', { name: 'Add a person' }).click();
	}
	// As a person types who reads each screen for two seconds.
	await sleep(2);
	await page.keyboard.type(name, { delay: 200 });
	await page.keyboard.press('Tab');
	await page.keyboard.type('Sommer am See 26', { delay: 200 });
	await page.primary();
	await page.result();
	await page.locator('.smb-copy button').last().click();
	console.log(`${name}: shared after ${((Date.now() - begin) / 1000).toFixed(1)} s`);
}

await all('shares', async function result(p) {
	await p.locator('.smb-table').getByRole('button', { name: /^Edit/ }).first().click();
	await p.primary();
	await p.locator('.smb-result').waitFor({ timeout: 30000 });
	await sleep(0.3);
});
await all('shares', async function advanced(p) {
	await p.locator('.smb-table').getByRole('button', { name: /^Edit/ }).first().click();
	await p.locator('.smb-dialog summary').first().click();
	await sleep(0.3);
});
await all('shares');
await all('people', async function edit(p) {
	await p.getByRole('button', { name: 'Edit anna' }).click();
	await sleep(0.3);
});
await all('people');

writeFileSync(router.file('/mnt/sda1/Ostsee/Strand.jpg'), 'x'.repeat(1000));
const client = spawn('smbclient', [ '//127.0.0.1/Holidays', '-p', '14455', '-U', 'anna%Sommer am See 26' ], { stdio: [ 'pipe', 'ignore', 'ignore' ] });
const other = spawn('smbclient', [ '//127.0.0.1/Films', '-p', '14455', '-U', 'ben%Sommer am See 26', '-m', 'SMB2_10' ], { stdio: [ 'pipe', 'ignore', 'ignore' ] });

client.stdin.write('open Ostsee/Strand.jpg\n');
for (const p of Object.values(pages))
	await p.show('live');
for (let n = 0; n < 5; n++) {
	other.stdin.write('get archive.bin /dev/null\n');
	await sleep(2 + n % 3);
	if (n % 2)
		client.stdin.write(`put ${binary} Ostsee/film${n}.bin\n`);
	await sleep(3);
}
for (const [ look, p ] of Object.entries(pages))
	await picture(p, `live-${look}`);
client.kill();
other.kill();

await all('settings');
writeFileSync(router.file('/etc/config/ksmbd'), "config globals\n\toption workgroup 'HEIM'\n\nconfig share\n\toption name 'usb'\n\toption path '/mnt/sdb1'\n\toption guest_ok 'yes'\n\toption read_only 'yes'\n");
await all('import', async function preview(p) {
	await p.getByRole('button', { name: /^Show/ }).first().click();
	await sleep(1);
});

await browser.close();
router.stop();
process.exit(0);
