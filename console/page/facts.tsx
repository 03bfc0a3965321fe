import type { ComponentChildren } from 'preact';
import { Code } from './text.tsx';

/** Names and what they stand for. */
export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

/** One of them. */
export function Fact(props: {
  readonly name: string;
  /** By which name it stands in what the digest is made of, where that is another one. */
  readonly member?: string;
  readonly children: ComponentChildren;
}) {
  const { name, member = name, children } = props;
  return (
    <div>
      <dt>
        {name}
        {member !== name && (
          <>
            {' '}
            <span class="beside">
              <Code text={member} />
            </span>
          </>
        )}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
