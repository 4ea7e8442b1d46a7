// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require uci';
'require ui';
'require smolsmb.access as access';
'require smolsmb.backend as backend';
'require smolsmb.options as options';
'require smolsmb.people as people';
'require smolsmb.result as result';
'require smolsmb.words as words';

function choice(value, chosen, title, text) {
	const input = E('input', { 'type': 'radio', 'name': 'smb-access', 'value': value, 'id': 'smb-access-' + value });

	input.checked = value == chosen;

	return E('label', { 'class': 'smb-choice', 'for': input.id }, [ input, E('span', {}, [ E('strong', {}, [ title ]), E('small', {}, [ text ]) ]) ]);
}

// The one dialog for a share: a new one on a disk, or one that is there.
return baseclass.extend({
	// disk: where a new share goes; sid: the share that is changed. done is called when it was applied.
	open: function(disk, sid, status, done) {
		const fresh = sid == null;
		const others = access.shares().filter(s => s['.name'] != sid).map(s => (s.name || '').toLowerCase());

		if (fresh) {
			sid = uci.add('smolsmb', 'share');
			uci.set('smolsmb', sid, 'path', disk ? disk.path : '');

			if (disk && disk.read_only)
				uci.set('smolsmb', sid, 'read_only', '1');
		}

		const kind = fresh ? 'people' : access.kind(sid);
		const name = E('input', {
			'id': 'smb-share-name', 'type': 'text', 'class': 'cbi-input-text', 'autocomplete': 'off', 'spellcheck': 'false',
			'value': fresh ? (disk ? words.nameFrom(disk, others) : '') : uci.get('smolsmb', sid, 'name') || ''
		});
		const shown = E('code', { 'class': 'smb-address' });
		const who = people.create(sid, fresh);
		const guests = E('p', { 'class': 'smb-hint' }, [
			_('Phones, TVs and older computers need no password then. Windows 11 and Macs ask for one: give those who use them a name under People.')
		]);
		const error = E('p', { 'class': 'smb-error', 'role': 'alert' });
		const map = options.create(sid);
		const choices = [
			choice('people', kind, _('Only these people'), _('Each with a name and a password. Works with every device.')),
			choice('read', kind, _('Everyone at home, to look at'), _('No password needed, nothing can be changed.')),
			choice('write', kind, _('Everyone at home, to change too'), _('No password needed: also guests may delete.'))
		];
		const chosen = () => choices.map(c => c.querySelector('input')).find(i => i.checked).value;
		const arrange = () => {
			who.node.style.display = chosen() == 'people' ? '' : 'none';
			guests.style.display = chosen() == 'people' ? 'none' : '';
			shown.textContent = '\\\\' + (status.name || _('router')) + '\\' + name.value.trim();
		};

		choices.forEach(c => c.addEventListener('change', arrange));
		name.addEventListener('input', arrange);

		return map.render().then(node => {
			const advanced = E('details', { 'class': 'smb-advanced' }, [ E('summary', {}, [ _('Advanced') ]), node ]);
			const save = E('button', { 'class': 'btn cbi-button cbi-button-positive important' }, [ _('Save & Apply') ]);
			const cancel = E('button', { 'class': 'btn cbi-button' }, [ _('Cancel') ]);
			const abandon = () => {
				ui.hideModal();
				uci.unload('smolsmb');
				return uci.load('smolsmb').then(() => done(null));
			};
			const refuse = (text, field) => {
				error.textContent = text;
				error.scrollIntoView({ block: 'nearest' });

				if (field)
					field.focus();
			};

			cancel.addEventListener('click', abandon);
			save.addEventListener('click', () => {
				const good = words.shareName(name.value.trim());
				const read = who.read();

				if (good !== true)
					return refuse(good, name);

				if (others.includes(name.value.trim().toLowerCase()))
					return refuse(_('There is a share of this name already.'), name);

				if (chosen() == 'people' && read.error)
					return refuse(read.error, read.field);

				if (chosen() == 'people' && !read.people.length)
					return refuse(_('Nobody could use it: name at least one person, or choose everyone.'), who.first);

				save.disabled = cancel.disabled = true;
				save.classList.add('spinning');
				error.textContent = '';

				return map.parse()
					.catch(failure => {
						advanced.open = true;
						throw failure;
					})
					.then(() => this.write(sid, name.value.trim(), chosen(), read.people || []))
					.then(() => backend.apply())
					.then(() => {
						result.open(name.value.trim(), uci.sections('smolsmb', 'share').find(s => s.name == name.value.trim()));
						return done(name.value.trim());
					})
					.catch(failure => {
						save.disabled = cancel.disabled = false;
						save.classList.remove('spinning');
						refuse(failure.message || String(failure));
					});
			});

			const title = fresh ? (disk ? _('Share “%s”').format(disk.label || disk.path) : _('Share a folder')) : _('Share “%s”').format(uci.get('smolsmb', sid, 'name'));
			words.dialog(title, [
				E('div', { 'class': 'smb-field' }, [
					E('label', { 'for': 'smb-share-name' }, [ _('Name in the network') ]), name,
					E('small', {}, [ _('Computers find it as'), ' ', shown ])
				]),
				E('fieldset', { 'class': 'smb-field' }, [ E('legend', {}, [ _('Who may use it') ]) ].concat(choices, [ who.node, guests ])),
				advanced,
				error,
				E('div', { 'class': 'button-row right' }, [ cancel, ' ', save ])
			]);

			advanced.open = !disk && fresh;
			arrange();
			(fresh && who.first ? who.first : name).focus();
		});
	},

	// Passwords go first and straight to the server's database: UCI never sees them.
	write: function(sid, name, kind, list) {
		uci.set('smolsmb', sid, 'name', name);

		if (kind != 'people')
			list = list.filter(person => !person.secret);

		access.set(sid, kind, list);

		return list.filter(person => person.secret).reduce((before, person) => before
			.then(() => backend.setPassword(person.name, person.secret.take()))
			.then(() => access.addUser(person.name)), Promise.resolve());
	}
});
