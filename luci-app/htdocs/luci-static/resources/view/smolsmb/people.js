// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require view';
'require dom';
'require uci';
'require ui';
'require smolsmb.access as access';
'require smolsmb.backend as backend';
'require smolsmb.frame as frame';
'require smolsmb.password as password';
'require smolsmb.people as people';
'require smolsmb.words as words';

return view.extend({
	load: function() {
		return uci.load('smolsmb').then(() => this.ask());
	},

	ask: function() {
		return Promise.all([ backend.status(), backend.people() ]).then(([ state, found ]) => ({ state: state, people: found.people || {} }));
	},

	render: function(facts) {
		this.body = E('div');
		this.show(facts);

		return frame.page(_('People'), [
			E('p', {}, [ _('Each person logs in with a name and a password of their own. They need no account on the router.') ]),
			this.body
		]);
	},

	refresh: function() {
		return this.ask().then(facts => this.show(facts));
	},

	show: function(facts) {
		const rows = access.users().map(user => {
			const on = access.enabled(user);
			const has = facts.people[user.name];
			const shares = access.shares().map(share => ({ name: share.name, may: access.of(share['.name'], user.name) })).filter(s => s.may);

			return { off: !on, cells: [
				E('strong', {}, [ user.name ]),
				!on ? words.badge('plain', _('switched off')) : has ? words.badge('good', _('can log in')) : words.badge('bad', _('no password')),
				shares.length ? shares.reduce((all, s) => all.concat(words.badge('plain', s.may == 'write' ? _('%s: read and write').format(s.name) : _('%s: read').format(s.name)), ' '), [])
					: E('small', {}, [ _('no share') ]),
				[
					frame.button('edit', _('Edit'), () => this.edit(user), _('Edit %s').format(user.name)),
					frame.button('neutral', on ? _('Switch off') : _('Switch on'), () => this.toggle(user, !on), (on ? _('Switch off %s') : _('Switch on %s')).format(user.name)),
					frame.button('remove', _('Remove'), () => this.remove(user), _('Remove %s').format(user.name))
				]
			] };
		});

		dom.content(this.body, [
			facts.state.running ? '' : frame.banner(facts.state, {}),
			frame.table([ _('Name'), _('State'), _('Shares'), '' ], rows, _('Nobody yet. A share for everyone needs no people; all others do.')),
			E('p', {}, [ frame.button('add', _('Add a person'), () => this.edit(null)) ])
		]);

		if (!L.hasViewPermission())
			this.body.querySelectorAll('button').forEach(node => { node.disabled = true; });
	},

	toggle: function(user, on) {
		uci.set('smolsmb', user['.name'], 'enabled', on ? '1' : '0');

		return backend.apply().catch(words.failed).then(() => this.refresh());
	},

	remove: function(user) {
		frame.sure(_('Remove %s?').format(user.name), _('The password is forgotten. Files stay where they are.'), _('Remove'), () => {
			access.forget(user.name);
			uci.remove('smolsmb', user['.name']);

			// Who never had a password has none to forget.
			return backend.apply().then(() => backend.removePassword(user.name).catch(() => null)).then(() => this.refresh());
		});
	},

	// Name, password and shares of one person; null: a new one.
	edit: function(user) {
		const name = E('input', { 'id': 'smb-name', 'type': 'text', 'class': 'cbi-input-text', 'autocomplete': 'off', 'autocapitalize': 'none', 'spellcheck': 'false', 'value': user ? user.name : '' });
		const secret = password.create();
		const error = E('p', { 'class': 'smb-error', 'role': 'alert' });
		const shares = access.shares().map(share => {
			const every = access.everyUser(share['.name']);
			const select = people.rights(user ? access.of(share['.name'], user.name) : every, _('What they may do with %s').format(share.name));

			// By '*' every person may as much; less cannot be said of one.
			select.disabled = !!every;

			return { sid: share['.name'], select: select, before: select.value, node: E('li', {}, [ E('span', { 'class': 'smb-person' }, [ share.name ]), every ? E('small', {}, [ _('every person') ]) : '', select ]) };
		});
		const save = E('button', { 'class': 'btn cbi-button cbi-button-positive important' }, [ _('Save & Apply') ]);
		const cancel = E('button', { 'class': 'btn cbi-button' }, [ _('Cancel') ]);
		const refuse = (text, field) => {
			error.textContent = text;

			if (field)
				field.focus();
		};

		if (user)
			name.readOnly = true;

		cancel.addEventListener('click', () => ui.hideModal());
		save.addEventListener('click', () => {
			const wanted = user ? user.name : name.value.trim();
			const good = user ? true : words.userName(wanted);
			const typed = secret.input.value != '';

			if (good !== true)
				return refuse(good, name);

			if (!user && access.users().some(u => u.name.toLowerCase() == wanted.toLowerCase()))
				return refuse(_('There is a person of this name already.'), name);

			if ((!user || typed) && secret.check() !== true)
				return refuse(secret.check(), secret.input);

			save.disabled = true;
			save.classList.add('spinning');

			return (typed ? backend.setPassword(wanted, secret.take()) : Promise.resolve())
				.then(() => {
					if (!user)
						access.addUser(wanted);

					shares.filter(s => s.select.value != s.before).forEach(s => access.grant(s.sid, wanted, s.select.value));

					return backend.apply();
				})
				.then(() => ui.hideModal())
				.then(() => this.refresh())
				.catch(failure => {
					save.disabled = false;
					save.classList.remove('spinning');
					refuse(failure.message || String(failure));
				});
		});

		words.dialog(user ? _('Edit %s').format(user.name) : _('Add a person'), [
			E('div', { 'class': 'smb-field' }, [ E('label', { 'for': 'smb-name' }, [ _('Name') ]), name ]),
			E('div', { 'class': 'smb-field' }, [ E('label', { 'for': secret.id }, [ user ? _('New password (empty: as it is)') : _('Password') ]), secret.node ]),
			shares.length ? E('fieldset', { 'class': 'smb-field' }, [ E('legend', {}, [ _('Shares') ]), E('ul', { 'class': 'smb-people' }, shares.map(s => s.node)) ]) : '',
			error,
			E('div', { 'class': 'button-row right' }, [ cancel, ' ', save ])
		]);

		(user ? secret.input : name).focus();
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
