// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require ui';
'require smolsmb.access as access';
'require smolsmb.backend as backend';
'require smolsmb.words as words';

function line(kind, title, children) {
	const mark = { good: '✓', bad: '✗', wait: '…', warn: '!' }[kind];
	const spoken = { good: _('Good'), bad: _('Not good'), wait: _('Waiting'), warn: _('Note') }[kind];

	return E('li', { 'class': 'smb-result-' + kind }, [
		E('span', { 'class': 'smb-mark', 'role': 'img', 'aria-label': spoken }, [ mark ]),
		E('div', {}, [ E('strong', {}, [ title ]) ].concat(children || []))
	]);
}

function small(text) {
	return E('small', {}, [ text ]);
}

// What became of it: whether the server runs, the share is there, a client gets in, and what to type elsewhere.
return baseclass.extend({
	open: function(name, section) {
		const body = E('div', { 'aria-live': 'polite' }, [ E('p', { 'class': 'spinning' }, [ _('Looking whether it works…') ]) ]);
		const close = E('button', { 'class': 'btn cbi-button cbi-button-positive important' }, [ _('Done') ]);

		close.addEventListener('click', () => ui.hideModal());

		const dialog = words.dialog(_('“%s” is shared').format(name), [
			body,
			E('div', { 'class': 'button-row right' }, [ close ])
		]);

		close.focus();

		return this.look(name, 6).then(found => {
			const good = found.status.running && found.share && found.share.state == 'served';

			if (!good)
				dialog.querySelector('#smb-dialog-title').textContent = _('“%s” is saved, but not shared yet').format(name);

			body.replaceChildren(this.render(name, section, found));
		});
	},

	// The service takes a moment: asks again until the share is served, a few times.
	look: function(name, tries) {
		return backend.status().then(status => {
			const share = ((status.status || {}).shares || []).find(s => s.name.toLowerCase() == name.toLowerCase());

			if ((!status.running || !share || share.state != 'served') && tries > 0)
				return new Promise(resolve => window.setTimeout(resolve, 700)).then(() => this.look(name, tries - 1));

			return Promise.all([ backend.check(), status.running ? backend.probe(name) : {} ])
				.then(([ check, probe ]) => ({ status: status, share: share, check: check, probe: probe }));
		});
	},

	render: function(name, section, found) {
		const server = (found.status.status || {}).name || window.location.hostname;
		const mine = (found.check.mistakes || []).filter(mistake => !/ \(warning\)$/.test(mistake));
		const list = [];

		if (found.status.running)
			list.push(line('good', _('The server is running.')));
		else
			list.push(this.stopped(found.check));

		if (found.share && found.share.state == 'served')
			list.push(line('good', _('The folder is there.'), [ small(found.share.path) ]));
		else if (found.share)
			list.push(line('bad', _('The folder is not there.'), [ small(found.share.why || found.share.path), small(_('It is shared by itself as soon as the disk is plugged in.')) ]));
		else if (found.status.running)
			list.push(line('bad', _('The server does not serve this share.')));

		for (const mistake of mine)
			list.push(line('bad', _('A mistake in the configuration:'), [ small(mistake) ]));

		if (found.probe.ok)
			list.push(line('good', _('The router logged in to itself over the network and sees:'),
				[ small(found.probe.names.length ? found.probe.names.join(', ') : _('an empty folder')),
					small(found.probe.writable ? _('It can be written to.') : _('It is read-only.')) ]));
		else if (found.probe.error)
			list.push(line(found.share && found.share.state == 'served' ? 'bad' : 'warn', _('The router could not log in to itself:'), [ small(found.probe.error) ]));

		return E('div', {}, [
			E('ul', { 'class': 'smb-result' }, list),
			E('div', { 'class': 'smb-addresses' }, [
				E('div', {}, [ E('span', {}, [ 'Windows' ]), words.copyable('\\\\' + server + '\\' + name) ]),
				E('div', {}, [ E('span', {}, [ _('Mac, phone, Linux') ]), words.copyable('smb://' + server + '/' + encodeURIComponent(name)) ])
			]),
			this.devices(section)
		]);
	},

	stopped: function(check) {
		const log = (check.log || '').trim().split('\n').pop();
		const start = E('button', { 'class': 'btn cbi-button cbi-button-action' }, [ _('Start the server') ]);

		start.addEventListener('click', ui.createHandlerFn(this, () => backend.start().then(() => window.location.reload(), words.failed)));

		return line('bad', _('The server is not running.'), (check.mistakes || []).map(small).concat(log ? [ small(log) ] : [], [ start ]));
	},

	devices: function(section) {
		const people = section && access.kind(section['.name']) == 'people';

		return E('details', { 'class': 'smb-devices', 'open': '' }, [
			E('summary', {}, [ _('What your devices will ask') ]),
			E('dl', {}, [
				E('dt', {}, [ 'Windows 11' ]),
				E('dd', {}, [ people ? _('Asks for name and password; tick “Remember”. Nothing else to set.')
					: _('Refuses to come in without a password: log in as one of the people.') ]),
				E('dt', {}, [ 'macOS, iPhone, iPad' ]),
				E('dd', {}, [ people ? _('Finder: Go, Connect to Server; Files: Connect to Server. Choose “Registered User”.')
					: _('Choose “Guest”, or “Registered User” with a name and password.') ]),
				E('dt', {}, [ _('Android, TV, Kodi, VLC') ]),
				E('dd', {}, [ people ? _('Type the address above, then name and password; the domain stays empty.')
					: _('Type the address above; no name is needed.') ])
			])
		]);
	}
});
