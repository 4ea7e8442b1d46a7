// The test's router where there is no OpenWrt: a folder with the router's files, the harness's server in front.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { serve } from './harness/server.mjs';

export function start({ repo, work, binary, httpPort, smbPort, disks }) {
	const prefix = path.join(work, 'router');

	rmSync(prefix, { recursive: true, force: true });
	for (const folder of [ 'etc/config', 'etc/init.d', 'usr/sbin', 'sbin', 'var/run', 'proc', 'tmp' ])
		mkdirSync(path.join(prefix, folder), { recursive: true });

	const place = (name, text, mode) => {
		writeFileSync(path.join(prefix, name), text);
		chmodSync(path.join(prefix, name), mode);
	};
	const present = disks.map(disk => ({ ...disk, path: prefix + disk.path }));
	const mounts = () => {
		place('proc/mounts', present.filter(there).map(d => `${d.device} ${d.path} ${d.filesystem} rw,noatime 0 0\n`).join(''), 0o644);
		place('sbin/block', '#!/bin/sh\n' + present.map(d => `echo '${d.device}: UUID="${d.uuid}" LABEL="${d.label}" VERSION="1.0" TYPE="${d.filesystem}"'\n`).join(''), 0o755);
	};

	// With the right to mount (tests/luci has a namespace for it) a disk is a mount, as far as anyone can tell.
	const real = present.every(disk => {
		mkdirSync(disk.path, { recursive: true });
		try {
			execFileSync('mount', [ '-t', 'tmpfs', '-o', `size=${disk.size},mode=777`, disk.device, disk.path ], { stdio: 'ignore' });
			return true;
		}
		catch {
			return false;
		}
	});
	const there = disk => real ? readFileSync('/proc/mounts', 'utf8').includes(` ${disk.path} `) : existsSync(disk.path);

	mounts();
	copyFileSync(path.join(repo, 'files/smolsmb.config'), path.join(prefix, 'etc/config/smolsmb'));
	// What it is called with is kept, to look for passwords in it.
	place('usr/sbin/smolsmb', `#!/bin/sh\nprintf '%s\\n' "$*" >>${prefix}/tmp/arguments\ncase $1 in\nciphers) exec ${binary} "$@" ;;\nesac\nexec ${binary} --config ${prefix}/etc/config "$@"\n`, 0o755);
	place('sbin/logread', `#!/bin/sh\ncat ${prefix}/tmp/smolsmb.log 2>/dev/null\n`, 0o755);
	place('etc/init.d/smolsmb', readFileSync(path.join(repo, 'tests/luci.d/init.sh'), 'utf8').replaceAll('SMB_PORT', smbPort).replaceAll('PREFIX', prefix), 0o755);

	const service = word => execFileSync(path.join(prefix, 'etc/init.d/smolsmb'), [ word ], { stdio: 'ignore' });
	const server = serve({ repo, prefix, port: httpPort, password: 'secret' });

	server.uci.applied = name => { if (name == 'smolsmb') service('reload'); };
	service('start');

	return {
		kind: 'harness',
		// Where another server's passwords are: with --config, in its folder.
		passwords: 'etc/config/ksmbdpwd.db',
		url: `http://127.0.0.1:${httpPort}/cgi-bin/luci`,
		file: name => path.join(prefix, name),
		seen: name => prefix + name,
		service,
		real,
		unplug: disk => {
			if (real)
				execFileSync('umount', [ '-l', prefix + disk.path ]);
			else
				renameSync(prefix + disk.path, prefix + disk.path + '.away');
			mounts();
		},
		mounts,
		said: () => '',
		stop: () => { service('stop'); server.close(); }
	};
}
