// An authenticator that Chromium pretends to have (WebDriver's virtual authenticator, by the DevTools protocol).

/** Gives a page's browser an authenticator of its own. */
export async function withAuthenticator(page, { verifies = true } = {}) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: verifies,
      automaticPresenceSimulation: true,
    },
  });
  const send = (command, more) => devtools.send(`WebAuthn.${command}`, { authenticatorId, ...more });
  return {
    async passkeys() {
      return (await send('getCredentials')).credentials;
    },
    forgets: () => send('clearCredentials'),
    keeps: (credential) => send('addCredential', { credential }),
    isTouched: (enabled) => send('setAutomaticPresenceSimulation', { enabled }),
    verifies: (isUserVerified) => send('setUserVerified', { isUserVerified }),
  };
}
