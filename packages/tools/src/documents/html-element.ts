/** The part of a DOM element that the HTML code here uses; linkedom provides it, without the browser's type library. */
export interface HtmlElement {
  readonly localName: string;
  readonly textContent: string | null;
  readonly innerHTML: string;
  readonly children: Iterable<HtmlElement>;
  readonly parentElement: HtmlElement | null;
  getAttribute(name: string): string | null;
  querySelector(selector: string): HtmlElement | null;
  querySelectorAll(selector: string): Iterable<HtmlElement>;
  remove(): void;
}

export interface HtmlDocument extends HtmlElement {
  readonly title: string;
  readonly body: HtmlElement;
  readonly documentElement: HtmlElement;
  toString(): string;
}
