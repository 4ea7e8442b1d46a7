// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require view';
'require form';
'require uci';
'require smolsmb.backend as backend';
'require smolsmb.frame as frame';
'require smolsmb.words as words';

const DIALECTS = [ '2.0.2', '2.1', '3.0', '3.0.2', '3.1.1' ];

function plain(limit) {
	return (section_id, value) => (value.length <= limit && !words.hasControl(value)) || _('At most %d characters').format(limit);
}

function netbios(section_id, value) {
	return value == '' || (/^\S{1,15}$/.test(value) && !words.hasForbidden(value) && !words.hasControl(value)) || _('At most 15 characters, without blanks');
}

function auto(low, high, step) {
	return (section_id, value) => {
		const number = /^\d{1,6}$/.test(value) ? +value : NaN;

		return value == '' || value == 'auto' || (number >= low && number <= high && number % (step || 1) == 0) ||
			(step ? _('auto, or %d to %d in steps of %d').format(low, high, step) : _('auto, or %d to %d').format(low, high));
	};
}

return view.extend({
	load: function() {
		return uci.load('smolsmb')
			.then(() => Promise.all([ backend.status(), backend.check(), backend.log() ]));
	},

	render: function([ state, check, log ]) {
		const map = new form.Map('smolsmb');
		const sections = uci.sections('smolsmb', 'server');
		const section = map.section(form.NamedSection, sections.length ? sections[0]['.name'] : 'server', 'server');

		section.tab('general', _('General'));
		section.tab('security', _('Security'));
		section.tab('limits', _('Memory and limits'));
		this.general(section);
		this.security(section);
		this.limits(section);

		return map.render().then(node => frame.page(_('Settings'), [
			frame.banner(state, check), node, this.speeds(), this.log(log)
		]));
	},

	general: function(section) {
		let o;

		o = section.taboption('general', form.Flag, 'enabled', _('Serve'), _('Off: nothing is shared at all.'));
		o.default = '1';

		o = section.taboption('general', form.Value, 'name', _('Name'), _('In the network; empty: the router\'s host name.'));
		o.validate = netbios;

		o = section.taboption('general', form.Value, 'description', _('Description'), _('Windows shows it beside the name.'));
		o.placeholder = 'OpenWrt file server';
		o.validate = plain(48);

		o = section.taboption('general', form.Value, 'workgroup', _('Workgroup'));
		o.placeholder = 'WORKGROUP';
		o.validate = netbios;

		o = section.taboption('general', form.DynamicList, 'network', _('Networks'),
			_('Where to listen, as in Network → Interfaces. None: everywhere, also towards the Internet if the firewall lets it in.'));
		o.placeholder = 'lan';
		o.validate = (section_id, value) => value == '' || /^[A-Za-z0-9_.-]{1,64}$/.test(value) || _('The name of a network');

		o = section.taboption('general', form.Flag, 'discovery', _('Announce'), _('Macs and Linux find the router by themselves (mDNS).'));
		o.default = '1';

		o = section.taboption('general', form.ListValue, 'auto_share', _('New disks'),
			_('A disk that no share is for. Shared under its label while it is there, to every person with a password.'));
		o.value('off', _('Not shared'));
		o.value('ask', _('Offered on the page of disks'));
		o.value('read', _('Shared for reading'));
		o.value('write', _('Shared for reading and writing'));
		o.default = 'off';

		o = section.taboption('general', form.ListValue, 'log_level', _('Log'));
		o.value('error', _('Only what failed'));
		o.value('warning', _('Warnings too'));
		o.value('notice', _('The usual'));
		o.value('info', _('Each login'));
		o.value('debug', _('Everything, for a bug report'));
		o.default = 'notice';
	},

	security: function(section) {
		let o;

		o = section.taboption('security', form.ListValue, 'signing', _('Signing'),
			_('Keeps others in the network from changing what is sent. Costs a little: see the table of this router\'s speeds below.'));
		o.value('auto', _('Every client that can'));
		o.value('required', _('Required: clients that cannot are refused'));
		o.default = 'auto';

		o = section.taboption('security', form.ListValue, 'encryption', _('Encryption'),
			_('Keeps others in the network from reading along. On a router without hardware for it this is what copying is bounded by.'));
		o.value('off', _('Off'));
		o.value('auto', _('As each client wants'));
		o.value('required', _('Required: only clients from Windows 8, macOS 10.12 and Android apps with SMB 3'));
		o.default = 'auto';

		for (const [ option, title, text, initial ] of [
			[ 'min_dialect', _('Oldest dialect'), _('2.0.2 is for old TVs, scanners and cameras; 3.0 and newer can encrypt.'), '2.0.2' ],
			[ 'max_dialect', _('Newest dialect'), _('Leave it, unless a client fails with a new one.'), '3.1.1' ]
		]) {
			o = section.taboption('security', form.ListValue, option, title, text);
			DIALECTS.forEach(dialect => o.value(dialect, 'SMB ' + dialect));
			o.default = initial;
			o.validate = function(section_id) {
				const oldest = this.section.formvalue(section_id, 'min_dialect');
				const newest = this.section.formvalue(section_id, 'max_dialect');

				return DIALECTS.indexOf(oldest) <= DIALECTS.indexOf(newest) || _('The oldest is newer than the newest.');
			};
		}
	},

	limits: function(section) {
		const rows = [
			[ 'memory', _('Memory in MiB'), _('For everything the server holds, however many clients come. Whoever comes when it is full waits or is refused; the router is never out of memory by it.'), auto(3, 4096) ],
			[ 'max_io', _('Largest read or write in KiB'), _('More is quicker on a fast disk, and needs more memory for each transfer.'), auto(64, 8192, 64) ],
			[ 'max_connections', _('Connections'), _('At a time; each client has one or a few.'), auto(4, 4096) ],
			[ 'max_open_files', _('Open files'), _('At a time, of all clients together.'), auto(64, 65000) ]
		];
		let o;

		for (const [ option, title, text, validate ] of rows) {
			o = section.taboption('limits', form.Value, option, title, text);
			o.placeholder = 'auto';
			o.validate = validate;
		}

		o = section.taboption('limits', form.Value, 'idle_timeout', _('Idle minutes'), _('Then a connection without open files is dropped.'));
		o.placeholder = '15';
		o.datatype = 'range(1,10080)';

		o = section.taboption('limits', form.Value, 'port', _('Port'), _('Clients expect 445.'));
		o.placeholder = '445';
		o.datatype = 'port';
	},

	speeds: function() {
		const out = E('div', { 'aria-live': 'polite' });

		return E('div', { 'class': 'smb-panel' }, [
			E('h4', {}, [ _('What signing and encryption cost on this router') ]),
			E('p', {}, [ frame.button('action', _('Measure'), () => backend.ciphers().then(answer => {
				out.replaceChildren(E('pre', { 'class': 'smb-log' }, [ answer.text || _('The router did not answer.') ]));
			})), ' ', E('small', {}, [ _('Takes a second of full speed.') ]) ]),
			out
		]);
	},

	log: function(log) {
		const text = E('pre', { 'class': 'smb-log', 'tabindex': '0' }, [ (log.text || '').trim() || _('Nothing in the log.') ]);

		return E('div', { 'class': 'smb-panel' }, [
			E('h4', {}, [ _('The log\'s tail') ]), text,
			E('p', {}, [ frame.button('neutral', _('Refresh'), () => backend.log().then(answer => { text.textContent = (answer.text || '').trim() || _('Nothing in the log.'); })) ])
		]);
	}
});
