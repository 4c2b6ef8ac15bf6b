/** A piece of text on a PDF page, in page coordinates with y growing downwards (the viewport's). */
export interface PdfTextRun {
  text: string;
  x: number;
  /** Baseline. */
  y: number;
  width: number;
  /** Height of the font in points. */
  size: number;
  isRotated: boolean;
}

/** One line of a page: a run of text, or several with wide gaps between them (a row of a table). */
export interface PdfLine {
  text: string;
  /** More than one when the line has wide gaps. */
  cells: number;
  left: number;
  right: number;
  y: number;
  size: number;
}
