// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require ui';
'require smolsmb.access as access';
'require smolsmb.backend as backend';
'require smolsmb.frame as frame';
'require smolsmb.words as words';

const NS = 'http://www.w3.org/2000/svg';

function picture() {
	const svg = document.createElementNS(NS, 'svg');
	const path = document.createElementNS(NS, 'path');

	svg.setAttribute('viewBox', '0 0 24 24');
	svg.setAttribute('aria-hidden', 'true');
	path.setAttribute('fill', 'currentColor');
	path.setAttribute('d', 'M6 3h12l3 11v5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-5zm1.5 2-2.2 8.5h13.4L16.500 5zM5 15.500V19h14v-3.500zM16 16.500h1.800v1.500H16z');
	svg.appendChild(path);

	return svg;
}

function below(path, folder) {
	return path == folder || path.startsWith(folder.replace(/\/+$/, '') + '/');
}

return baseclass.extend({
	// The shares on a disk, by their folder or by the file system they name.
	sharesOn: function(disk) {
		return access.shares().filter(share => share.uuid ? share.uuid == disk.uuid : share.path && below(share.path, disk.path));
	},

	// Files that are open below a disk: who would lose them.
	holders: function(disk, status) {
		const names = (status.shares || []).filter(share => below(share.path, disk.path)).map(share => share.name);
		const sessions = {};

		(status.sessions || []).forEach(session => { sessions[session.id] = session.user || _('a guest'); });

		return (status.opens || []).filter(open => names.includes(open.share)).map(open => _('%s has %s open').format(sessions[open.session] || _('someone'), open.share + '/' + open.path));
	},

	eject: function(disk, status, done) {
		const held = this.holders(disk, status);
		const list = held.length ? E('ul', {}, held.slice(0, 8).map(text => E('li', {}, [ text ]))) : '';

		frame.sure(_('Eject %s?').format(disk.label || disk.path),
			E('span', {}, [ held.length ? _('These files are closed first:') : _('Nobody has a file open on it.'), list ]),
			_('Eject'), () => backend.eject(disk.path).then(answer => {
				ui.addNotification(null, E('p', [ answer.unmounted ? _('The disk can be unplugged.')
					: _('Nobody uses the disk over the network any more, but the router itself does: %s').format(answer.text) ]), answer.unmounted ? 'info' : 'warning');
				return done();
			}));
	},

	card: function(disk, status, share, done) {
		const shares = this.sharesOn(disk);
		const used = disk.size ? Math.min(100, Math.round((disk.size - disk.free) / disk.size * 100)) : 0;
		const server = (status.disks || []).find(d => d.path == disk.path) || {};
		const bar = E('div', { 'class': 'smb-bar' + (used > 95 ? ' smb-full' : ''), 'role': 'meter', 'aria-valuenow': used, 'aria-valuemin': 0, 'aria-valuemax': 100,
			'aria-label': _('%d%% used').format(used) }, [ E('i', { 'style': 'width:' + used + '%' }) ]);
		const badges = [];

		if (disk.read_only)
			badges.push(words.badge('warn', _('read-only')));

		if (server.ejected)
			badges.push(words.badge('warn', _('ejected')));

		if (server.offered)
			badges.push(words.badge('warn', _('new: share it?')));

		shares.forEach(s => badges.push(words.badge(access.enabled(s) ? 'good' : 'plain', _('shared as “%s”').format(s.name))));

		return E('li', { 'class': 'smb-card', 'data-path': disk.path }, [
			E('div', { 'class': 'smb-card-head' }, [ picture(), E('div', {}, [
				E('strong', {}, [ disk.label || _('Disk without a name') ]),
				E('small', {}, [ disk.path + ' · ' + disk.filesystem + ' · ' + disk.device ])
			]) ]),
			bar,
			E('small', {}, [ disk.size ? _('%s free of %s').format(words.size(disk.free), words.size(disk.size)) : _('size not known') ]),
			E('div', {}, badges.reduce((all, badge) => all.concat(badge, ' '), [])),
			E('div', { 'class': 'smb-card-foot' }, [
				frame.button(shares.length ? 'neutral' : 'positive important', shares.length ? _('Share again') : _('Share'), () => share(disk), _('Share %s').format(disk.label || disk.path)),
				frame.button('neutral', _('Eject'), () => this.eject(disk, status, done), _('Eject %s').format(disk.label || disk.path))
			])
		]);
	},

	// A share whose disk is not plugged in.
	missing: function(share, state) {
		return E('li', { 'class': 'smb-card smb-absent' }, [
			E('div', { 'class': 'smb-card-head' }, [ picture(), E('div', {}, [
				E('strong', {}, [ _('Disk of “%s”').format(share.name) ]),
				E('small', {}, [ share.uuid ? _('file system %s').format(share.uuid) : share.path ])
			]) ]),
			E('div', {}, [ words.badge('bad', _('not there')) ]),
			E('small', {}, [ (state && state.why) || _('It is shared by itself as soon as the disk is plugged in.') ])
		]);
	}
});
