/** The sign-in page, where callers paste their token. */
import { useSignal } from '@preact/signals';
import { signIn } from '../connection/session.ts';

/** The form; `reason` is why it is shown. */
export function SignIn({ reason }: { readonly reason: string }) {
  const pasted = useSignal('');
  return (
    <main class="sign-in">
      <h1>Sign in to hvql</h1>
      <p role="status">{reason}</p>
      <form
        onSubmit={(event: Event) => {
          event.preventDefault();
          if (pasted.value.trim() !== '') signIn(pasted.value);
        }}
      >
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          value={pasted.value}
          onInput={({ currentTarget }: { currentTarget: HTMLInputElement }) =>
            (pasted.value = currentTarget.value)
          }
        />
        <button type="submit">Sign in</button>
      </form>
      <p>
        The token is kept for this tab only. It is the JSON Web Token that the service accepts as a Bearer
        token.
      </p>
    </main>
  );
}
