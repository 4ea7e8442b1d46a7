// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require rpc';
'require uci';

function reading(method, params) {
	return rpc.declare({ object: 'luci.smolsmb', method: method, params: params, expect: { '': {} } });
}

// What changes something says so when it is refused; a reading that is denied is simply empty.
function changing(method, params) {
	const call = rpc.declare({ object: 'luci.smolsmb', method: method, params: params, expect: { '': {} }, reject: true });

	return function() {
		return call.apply(null, arguments).then(answer => {
			if (answer.ok)
				return answer;

			throw new Error(answer.error || _('The router refused.'));
		});
	};
}

return baseclass.extend({
	status: reading('status'),
	disks: reading('disks'),
	check: reading('check'),
	ciphers: reading('ciphers'),
	log: reading('log'),
	people: reading('people'),
	sources: reading('sources'),
	setPassword: changing('set_password', [ 'name', 'password' ]),
	removePassword: changing('remove_password', [ 'name' ]),
	disconnect: changing('disconnect', [ 'session' ]),
	eject: changing('eject', [ 'path' ]),
	start: changing('start'),
	preview: changing('preview', [ 'from' ]),
	import: changing('import', [ 'from' ]),
	probe: reading('probe', [ 'share' ]),

	// Saves the changed options and applies them, under LuCI's rollback. Resolves when the router confirmed it.
	apply: function() {
		return uci.save()
			.then(() => uci.changes())
			.then(changes => {
				if (!Object.keys(changes).length)
					return null;

				return uci.callApply(30, true).then(code => {
					// 5: nothing was staged after all.
					if (code && code != 5)
						throw new Error(_('The router did not take the changes over (%d).').format(code));

					return code ? null : this.confirm(Date.now() + 25000);
				});
			})
			.then(() => {
				uci.unload('smolsmb');
				document.dispatchEvent(new CustomEvent('uci-applied'));
				return uci.load('smolsmb');
			});
	},

	confirm: function(deadline) {
		return new Promise(resolve => window.setTimeout(resolve, 1000))
			.then(() => uci.callConfirm())
			.then(code => {
				if (!code)
					return null;

				if (Date.now() < deadline)
					return this.confirm(deadline);

				throw new Error(_('The router took the changes back: it did not hear from this page in time.'));
			});
	}
});
