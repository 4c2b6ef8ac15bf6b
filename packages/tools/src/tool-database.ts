/**
 * The open transaction of a call, as a tool with `effect: 'transaction'` uses it. One statement a query; statements that
 * begin or end transactions are refused, because the end of this one is the journaled result of the call.
 */
export interface ToolDatabase {
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number }>;
}

/** What the agent lends to a call for that. Nothing is opened before it is used. */
export interface ToolTransaction {
  /** Opens the transaction, unless it is open already. */
  open(): Promise<ToolDatabase>;
  /** Undoes everything since `open`; the next `open` begins a new one. Never rejects. */
  rollBack(): Promise<void>;
}
