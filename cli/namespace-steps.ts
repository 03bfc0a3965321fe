import { searchAttributes } from '../domain/search-attributes.ts';

/** What a namespace has of what an installation needs. */
export interface NamespaceFound {
  readonly exists: boolean;
  /** Its own search attributes with their types, as Temporal's command line names them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a namespace lacks. One of `wrong_type` can only be mended by hand. */
export type NamespaceStep =
  | { readonly kind: 'namespace' }
  | { readonly kind: 'attribute'; readonly name: string; readonly type: string }
  | {
      readonly kind: 'wrong_type';
      readonly name: string;
      readonly type: string;
      readonly found: string;
    };

/** What is to be done before an installation can run in a namespace, in this order; nothing where it has everything. */
export function namespaceSteps({ exists, attributes }: NamespaceFound): NamespaceStep[] {
  const ofAttributes = Object.entries(searchAttributes).flatMap(([name, type]): NamespaceStep[] => {
    const found = exists ? attributes[name] : undefined;
    if (found === type) return [];
    return [
      found === undefined ? { kind: 'attribute', name, type } : { kind: 'wrong_type', name, type, found },
    ];
  });
  return exists ? ofAttributes : [{ kind: 'namespace' }, ...ofAttributes];
}
