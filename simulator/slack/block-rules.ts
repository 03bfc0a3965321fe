import type { Loose } from './workspace.ts';

const longest = { header: 150, text: 3000, field: 2000, button: 75, value: 2000, id: 255, label: 2000 };

/**
 * What is wrong with blocks, as far as Slack documents limits of what a message or a modal may have; null when nothing is.
 *
 * @param most - how many blocks there may be: 50 in a message, 100 in a modal
 */
export function blocksFault(blocks: unknown, most: number): string | null {
  if (!Array.isArray(blocks)) return 'blocks must be a list';
  if (blocks.length > most) return `no more than ${most} items allowed`;
  const ids = new Set<string>();
  for (const [i, block] of (blocks as unknown[]).entries()) {
    if (!isObject(block)) return `block ${i} must be an object`;
    const { block_id: id } = block;
    if (id !== undefined) {
      if (typeof id !== 'string' || id.length > longest.id) return `block ${i}: block_id`;
      if (ids.has(id)) return `block ${i}: block_id is not unique`;
      ids.add(id);
    }
    const fault = blockFault(block);
    if (fault !== null) return `block ${i}: ${fault}`;
  }
  return null;
}

function blockFault(block: Loose): string | null {
  switch (block['type']) {
    case 'divider':
      return null;
    case 'header':
      return textFault(block['text'], longest.header, ['plain_text']);
    case 'section': {
      const { text, fields } = block;
      if (text === undefined && fields === undefined) return 'section needs text or fields';
      if (text !== undefined) return textFault(text, longest.text);
      if (!Array.isArray(fields) || fields.length === 0 || fields.length > 10) return 'fields: 1 to 10';
      return first(fields, (field) => textFault(field, longest.field));
    }
    case 'context': {
      const { elements } = block;
      if (!Array.isArray(elements) || elements.length === 0 || elements.length > 10)
        return 'elements: 1 to 10';
      return first(elements, (element) => textFault(element, longest.text));
    }
    case 'actions': {
      const { elements } = block;
      if (!Array.isArray(elements) || elements.length === 0 || elements.length > 25)
        return 'elements: 1 to 25';
      const names = (elements as Loose[]).map(({ action_id: name }) => name);
      if (new Set(names).size < names.length) return 'action_id is not unique';
      return first(elements, buttonFault);
    }
    case 'input':
      return textFault(block['label'], longest.label, ['plain_text']) ?? inputFault(block['element']);
    default:
      return 'unsupported type';
  }
}

function buttonFault(button: unknown): string | null {
  if (!isObject(button) || button['type'] !== 'button') return 'only buttons are known here';
  const { action_id: name, value, style } = button;
  if (typeof name !== 'string' || name.length > longest.id) return 'action_id';
  if (value !== undefined && (typeof value !== 'string' || value.length > longest.value)) return 'value';
  if (style !== undefined && style !== 'primary' && style !== 'danger') return 'style';
  return textFault(button['text'], longest.button, ['plain_text']);
}

function inputFault(element: unknown): string | null {
  const isInput = isObject(element) && element['type'] === 'plain_text_input';
  return isInput && typeof element['action_id'] === 'string' ? null : 'element';
}

function textFault(text: unknown, most: number, types: string[] = ['plain_text', 'mrkdwn']): string | null {
  if (!isObject(text) || !types.includes(String(text['type']))) return `text must be ${types.join(' or ')}`;
  const { text: said } = text;
  if (typeof said !== 'string' || said === '') return 'text must not be empty';
  return said.length > most ? `must be less than ${most + 1} characters` : null;
}

/** What is wrong with a modal; null when nothing is. */
export function viewFault(view: unknown): string | null {
  if (!isObject(view) || view['type'] !== 'modal') return 'view must be a modal';
  const { title, submit, close, private_metadata: kept = '', callback_id: name = '', blocks } = view;
  if (typeof kept !== 'string' || kept.length > 3000) return 'private_metadata';
  if (typeof name !== 'string' || name.length > 255) return 'callback_id';
  for (const text of [title, submit, close]) {
    const fault = text === undefined ? null : textFault(text, 24, ['plain_text']);
    if (fault !== null) return fault;
  }
  if (title === undefined) return 'title is missing';
  const hasInput = Array.isArray(blocks) && (blocks as Loose[]).some(({ type }) => type === 'input');
  if (hasInput && submit === undefined) return 'a modal with an input needs submit';
  return blocksFault(blocks, 100);
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Loose {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function first(list: readonly unknown[], fault: (one: unknown) => string | null): string | null {
  for (const one of list) {
    const found = fault(one);
    if (found !== null) return found;
  }
  return null;
}
