// Loads a view with what it requires, as LuCI does, and shows it.
'use strict';

{
	const loading = {};

	const load = name => modules[name] ? Promise.resolve(modules[name]) : loading[name] ??= fetch(L.resource(name.replaceAll('.', '/') + '.js'))
		.then(response => response.text())
		.then(source => {
			const wanted = [ ...source.matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm) ].map(([ , module, as ]) => [ module, as ?? module.split('.').pop() ]);

			return Promise.all(wanted.map(([ module ]) => load(module)))
				.then(found => modules[name] = new Function(...wanted.map(([ , as ]) => as), source + `\n//# sourceURL=${name}.js`)(...found));
		});

	const apply = () => Promise.all([ ...document.querySelectorAll('.cbi-map') ].map(node => modules.form.mapOf(node).parse()))
		.then(() => modules.uci.save())
		.then(() => modules.uci.callApply(10, true))
		.then(() => modules.uci.callConfirm())
		.then(() => window.location.reload(), failure => modules.ui.addNotification(null, E('p', {}, [ failure.message ]), 'error'));

	dom.content(document.querySelector('nav'), FACTS.tabs.map(([ place, title ]) => E('a', { 'href': L.url(place) }, [ title ])));

	load('view.' + FACTS.view.replaceAll('/', '.')).then(view => Promise.resolve(view.load?.()).then(data => view.render(data)).then(node => {
		dom.content(document.getElementById('view'), node);

		if (view.handleSaveApply !== null && FACTS.writable) {
			const save = E('button', { 'class': 'cbi-button cbi-button-apply' }, [ 'Save & Apply' ]);

			save.addEventListener('click', apply);
			document.getElementById('view').appendChild(E('div', { 'class': 'cbi-page-actions' }, [ save ]));
		}
	})).catch(failure => modules.ui.addNotification('Error', E('p', {}, [ failure.stack ]), 'error'));
}
