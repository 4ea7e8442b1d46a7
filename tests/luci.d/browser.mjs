// The browser, and the steps that several scenarios take.
import { createRequire } from 'node:module';
import path from 'node:path';

export async function open(router, work, chromium) {
	const { chromium: browsers } = createRequire(path.join(work, 'node/'))('playwright-core');
	const browser = await browsers.launch({ executablePath: chromium, args: [ '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu' ] });
	const problems = [];

	async function login(user, options) {
		const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
		// Clicks of a person, counted.
		await context.addInitScript(() => { window.clicks = 0; window.addEventListener('click', event => { if (event.isTrusted && event.detail > 0) window.clicks++; }, true); });
		const page = await context.newPage();

		page.setDefaultTimeout(15000);
		page.on('pageerror', error => { if (!/Access denied|contains an invalid input value/.test(error.message)) problems.push(error.stack); });
		page.sent = [];
		page.on('request', request => { if (request.url().includes('/ubus')) page.sent.push(request.postData() ?? ''); });

		page.show = async name => {
			await page.goto(`${router.url}/admin/services/smolsmb/${name}`);
			if (await page.locator('[name=luci_password]').count()) {
				await page.fill('[name=luci_username]', user);
				await page.fill('[name=luci_password]', 'secret');
				await Promise.all([ page.waitForNavigation(), page.keyboard.press('Enter') ]);
			}
			await page.locator('.smb, .alert-message, h2').first().waitFor();
		};

		// One ubus call with this login's own session, past the page.
		page.call = (object, method, request) => page.evaluate(async ([ o, m, r ]) => {
			const session = window.FACTS?.session ?? (await L.require('rpc')).getSessionID();
			const answer = await (await fetch('/ubus', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'call', params: [ session, o, m, r ] }) })).json();

			return answer.error ? { denied: answer.error.code } : { code: answer.result[0], ...answer.result[1] };
		}, [ object, method, request ?? {} ]);

		page.primary = () => page.locator('.smb-dialog .important').click();
		page.result = async () => { await page.locator('.smb-result').waitFor({ timeout: 30000 }); return page.locator('.smb-dialog').innerText(); };

		return page;
	}

	return { login, problems, close: () => browser.close() };
}
