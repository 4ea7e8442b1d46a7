// usage: node run.mjs REPO WORK BINARY CHROMIUM [ONLY]
import net from 'node:net';
import { writeFileSync } from 'node:fs';
import { open } from './browser.mjs';
import { scenarios } from './scenarios.mjs';

const [ repo, work, binary, chromium, only ] = process.argv.slice(2);
const free = () => new Promise(done => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); }); });
const disks = [
	{ device: '/dev/sda1', path: '/mnt/sda1', label: 'HOLIDAYS', uuid: '1234-ABCD', filesystem: 'exfat', size: '300m' },
	{ device: '/dev/sdb1', path: '/mnt/sdb1', label: '<img src=x onerror=window.pwned=1>', uuid: 'a1b2c3d4-0000-4000-8000-123456789abc', filesystem: 'ext4', size: '100m' }
];
const source = process.env.OPENWRT_ROOT;
const { start } = await import(source ? './root.mjs' : './harness.mjs');
const [ httpPort, smbPort ] = [ await free(), await free() ];
const router = start({ repo, work, binary, source, httpPort, smbPort, disks });

console.log(`the page runs in: ${router.kind}`);
for (let n = 0; n < 60; n++)
	if (await fetch(router.url + '/admin/services/smolsmb/live').then(() => true, () => new Promise(done => setTimeout(() => done(false), 250))))
		break;

const browser = await open(router, work, chromium);
let passed = 0, failed = 0, skipped = 0, current;
const login = async (...words) => { const page = await browser.login(...words); current ??= page; return page; };

for (const [ name, run ] of scenarios({ router, login, smbPort, disks, work, binary })) {
	// The first makes what the others need.
	if (only && !new RegExp(only).test(name) && passed)
		continue;

	try {
		await run();
		if (browser.problems.length)
			throw new Error('the page threw: ' + browser.problems.splice(0).join('\n'));
		passed++;
		console.log(`ok ${name}`);
	}
	catch (error) {
		if (error.skipped) {
			skipped++;
			console.log(`SKIPPED ${name}: ${error.message}`);
			continue;
		}

		failed++;
		console.log(`FAILED ${name}\n${error.stack}`);
		await current?.screenshot({ path: `${work}/failed-${failed}.png` }).catch(() => {});
		if (process.env.STOP)
			break;
		if (browser.problems.length)
			console.log(browser.problems.splice(0).join('\n'));
	}
}

await browser.close();
if (failed)
	console.log(router.said());
router.stop();
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed ? 1 : 0);
