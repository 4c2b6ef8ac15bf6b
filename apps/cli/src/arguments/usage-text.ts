export const USAGE = `Usage: nightshift <command> [options]        (npm start -- [options] is nightshift up [options])

  nightshift up [files or folders...]   run documents through the agent document-analyst on this machine, then serve
  nightshift migrate up|status          apply the migrations to DATABASE_URL, or list which are applied
  nightshift help                       this text

Options of up:
  --once           exit when every document is done instead of serving until Ctrl-C
  --no-run         only serve; unfinished work of an earlier start still goes on
  --port N         port of the API on 127.0.0.1 (default: the one used before, else 8787, else a free one)
  --workers N      number of worker processes (default 2)
  --data-dir DIR   where everything is kept (default: NIGHTSHIFT_DATA_DIR, else .nightshift in the project)
  --json           JSON lines on standard output instead of tables
  -h, --help       this text

Without files the documents of examples/documents are taken. Folders are searched through; hidden files are skipped.
Only what is not given by the environment is started here: DATABASE_URL, REDIS_URL, S3_ENDPOINT / S3_BUCKET,
AWS_ACCESS_KEY_ID / AWS_SECRET_ACCESS_KEY (speech), ANTHROPIC_API_KEY / ANTHROPIC_BASE_URL, each on its own.
Results go to standard output, progress and messages to standard error. NO_COLOR is respected.

Exit codes:
  0    done: every task completed, or failed for a reason of its document (damaged, encrypted, empty, no text)
  1    something could not be started or stopped working
  2    the command line is wrong, or a file does not exist
  5    a task failed, was cancelled or expired for another reason than its document
  130  interrupted before the documents were done; the work is kept and goes on at the next start
`;
