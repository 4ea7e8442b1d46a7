// The test's router, the real way: an unpacked OpenWrt root (OPENWRT_ROOT) with ubusd, rpcd, uhttpd and LuCI, in a
// mount namespace of its own. procd is not process 1 there, so the service's script is the test's (init.sh).
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync, chmodSync, readFileSync, copyFileSync } from 'node:fs';
import path from 'node:path';

const run = (command, ...words) => execFileSync(command, words, { encoding: 'utf8', stdio: [ 'ignore', 'pipe', 'pipe' ] });

function install(root, repo, binary) {
	const app = path.join(repo, 'luci-app');

	cpSync(path.join(app, 'htdocs'), path.join(root, 'www'), { recursive: true });
	cpSync(path.join(app, 'root'), root, { recursive: true });
	mkdirSync(path.join(root, 'usr/sbin'), { recursive: true });
	copyFileSync(binary, path.join(root, 'usr/sbin/smolsmb'));

	// A browser that speaks German gets German.
	mkdirSync(path.join(root, 'usr/lib/lua/luci/i18n'), { recursive: true });
	run(path.join(app, 'po/catalogue'), path.join(app, 'po/de/smolsmb.po'), path.join(root, 'usr/lib/lua/luci/i18n/smolsmb.de.lmo'));
	writeFileSync(path.join(root, 'etc/config/luci'), readFileSync(path.join(root, 'etc/config/luci'), 'utf8').replace(/^(config internal '?languages'?)$/m, "$1\n\toption de 'Deutsch (German)'"));

	// A binary that is not static brings what it needs.
	let libraries = '';
	try { libraries = run('ldd', binary); } catch {}

	for (const [ , library ] of libraries.matchAll(/(\/\S+\.so\S*) \(/g)) {
		mkdirSync(path.join(root, path.dirname(library)), { recursive: true });
		if (!existsSync(path.join(root, library)))
			run('cp', '-L', library, path.join(root, library));
	}
}

export function start({ repo, work, binary, source, httpPort, smbPort, disks }) {
	const root = path.join(work, 'root');

	rmSync(root, { recursive: true, force: true });
	run('cp', '-a', source, root);
	install(root, repo, binary);

	for (const folder of [ 'proc', 'dev', 'tmp', 'etc/init.d', 'etc/config', 'etc/smolsmb', 'sbin', 'var/run', 'var/lock' ])
		mkdirSync(path.join(root, folder), { recursive: true });

	const place = (name, text, mode) => {
		writeFileSync(path.join(root, name), text);
		chmodSync(path.join(root, name), mode);
	};

	copyFileSync(path.join(repo, 'files/smolsmb.config'), path.join(root, 'etc/config/smolsmb'));
	place('etc/init.d/smolsmb', readFileSync(path.join(repo, 'tests/luci.d/init.sh'), 'utf8').replaceAll('SMB_PORT', smbPort).replaceAll('PREFIX', ''), 0o755);
	place('sbin/logread', '#!/bin/sh\ncat /tmp/smolsmb.log 2>/dev/null\n', 0o755);
	place('sbin/block', '#!/bin/sh\n' + disks.map(d => `echo '${d.device}: UUID="${d.uuid}" LABEL="${d.label}" VERSION="1.0" MOUNT="${d.path}" TYPE="${d.filesystem}"'\n`).join(''), 0o755);
	copyFileSync(path.join(repo, 'tests/luci.d/procd.uc'), path.join(root, 'usr/share/procd.uc'));
	const hash = run('openssl', 'passwd', '-1', 'secret').trim();

	place('etc/config/rpcd', [ 'root', 'viewer' ].map(name => `config login\n\toption username '${name}'\n\toption password '${hash}'\n${name == 'root' ? "\tlist read '*'\n\tlist write '*'\n" : "\tlist read 'luci-base'\n\tlist read 'luci-app-smolsmb-status'\n\tlist read 'unauthenticated'\n"}\n`).join(''), 0o600);

	const boot = [
		'hostname router 2>/dev/null || echo router >/proc/sys/kernel/hostname',
		`mount --bind ${root} ${root}`, `mount -t proc proc ${root}/proc`, `mount --rbind /dev ${root}/dev`,
		...disks.map(d => `mkdir -p ${root}${d.path} && mount -t tmpfs -o size=${d.size},mode=777 ${d.device} ${root}${d.path}`),
		`cd ${root}`,
		// The chroot's shell waits for all of them.
		`exec chroot ${root} /bin/sh -c 'mkdir -p /var/run/ubus /tmp/luci-sessions; rm -f /var/run/ubus/*; ` +
		`PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH; ubusd -s /var/run/ubus/ubus.sock & sleep 0.5; ` +
		`ucode /usr/share/procd.uc & rpcd -s /var/run/ubus/ubus.sock & sleep 0.7; /etc/init.d/smolsmb start; ` +
		`exec uhttpd -f -h /www -r router -x /cgi-bin -t 60 -T 30 -A 1 -n 8 -N 100 -o /cgi-bin/luci -O /usr/share/ucode/luci/uhttpd.uc -u /ubus -U /var/run/ubus/ubus.sock -p 127.0.0.1:${httpPort}'`
	].join(' && ');
	const child = spawn('unshare', [ '-m', '-u', '-p', '-f', '--kill-child', 'sh', '-c', boot ], { stdio: [ 'ignore', 'pipe', 'pipe' ] });
	let said = '';

	child.stdout.on('data', data => { said += data; });
	child.stderr.on('data', data => { said += data; });

	process.on('exit', () => child.kill('SIGKILL'));

	// The namespace's first process, a child of unshare.
	const inside = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0];
	const enter = (...words) => run('nsenter', '-t', inside(), '-m', '-p', 'chroot', root, ...words);

	return {
		kind: 'OpenWrt root ' + source,
		url: `http://127.0.0.1:${httpPort}/cgi-bin/luci`,
		// A file of the router as seen from here, and a path of the page's as the router has it.
		file: name => path.join('/proc', inside(), 'root', name),
		seen: name => name,
		service: word => enter('/etc/init.d/smolsmb', word),
		unplug: disk => run('nsenter', '-t', inside(), '-m', 'umount', '-l', root + disk.path),
		real: true,
		passwords: 'etc/ksmbd/ksmbdpwd.db',
		mounts: () => {},
		said: () => said,
		stop: () => child.kill('SIGKILL')
	};
}
