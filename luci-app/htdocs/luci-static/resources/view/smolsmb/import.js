// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require view';
'require dom';
'require uci';
'require smolsmb.backend as backend';
'require smolsmb.frame as frame';
'require smolsmb.words as words';

const NAMES = { 'ksmbd': 'ksmbd', 'samba4': 'Samba' };

return view.extend({
	load: function() {
		return backend.sources();
	},

	render: function(found) {
		const sources = found.sources || [];
		const panels = sources.map(from => this.panel(from));

		return frame.page(_('Move In'), [
			E('p', {}, [ _('Shares, people and their passwords of another file server on this router become shares of this one. Nothing of the other is changed.') ]),
			panels.length ? E('div', {}, panels) : E('div', { 'class': 'smb-empty' }, [ _('Neither ksmbd nor Samba is configured on this router: there is nothing to move.') ])
		]);
	},

	panel: function(from) {
		const out = E('div', { 'aria-live': 'polite' });
		const node = E('div', { 'class': 'smb-panel', 'data-from': from }, [
			E('h4', {}, [ _('%s is configured here').format(NAMES[from]) ]),
			E('p', {}, [ frame.button('action', _('Show what would be written'), () => backend.preview(from).then(answer => {
				dom.content(out, [
					E('pre', { 'class': 'smb-log' }, [ answer.text ]),
					E('p', {}, [ frame.button('positive important', _('Move in'), () => this.move(from, out), _('Move in from %s').format(NAMES[from])) ])
				]);
			}, words.failed), _('Show what would be written from %s').format(NAMES[from])) ]),
			out
		]);

		if (!L.hasViewPermission())
			node.querySelectorAll('button').forEach(button => { button.disabled = true; });

		return node;
	},

	move: function(from, out) {
		return backend.import(from).then(answer => {
			uci.unload('smolsmb');
			dom.content(out, [
				E('p', {}, [ words.badge('good', _('Done')), ' ', _('Switch the other server off, so that both do not want the same port; then look at the shares.') ]),
				E('pre', { 'class': 'smb-log' }, [ answer.text || '' ]),
				E('p', {}, [ E('a', { 'class': 'btn cbi-button cbi-button-action', 'href': L.url('admin/services/smolsmb/shares') }, [ _('To the shares') ]) ])
			]);
		}, words.failed);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
