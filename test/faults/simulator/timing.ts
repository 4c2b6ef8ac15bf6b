/** All shorter than ours, in about the same proportions: what matters is what can outlive what. */
export const LEASE_MS = 3_000;
/** The patience of callers; a statement may arrive after it. */
export const QUERY_TIMEOUT_MS = 2_500;
export const LEASE_QUERY_TIMEOUT_MS = 1_200;
