-- Appends the rows of a task's log to its stream and hands them to live readers. Rows come in order; a row the stream
-- has already is skipped, so that a resent call changes nothing. Only committed rows are ever passed.
--
-- KEYS[1]  stream of the task
-- ARGV[1]  channel of the task
-- ARGV[2]  time to live of the stream, ms
-- ARGV[3]  most entries kept (approximately: trimming removes whole nodes, on every append, never behind the newest)
-- ARGV[4]  most bytes kept: as many entries of this size as fit, so that large ones push out more
-- ARGV[5]  '1': append even though rows before the first one are missing (readers fill the hole from Postgres)
-- ARGV[6..] four per row: first sequence number, last sequence number, final ('1' or ''), texts
-- returns  {'OK', appended} or {'GAP', last sequence number in the stream}
local stream = KEYS[1]
local last = 0
local exists = redis.call('EXISTS', stream) == 1
if exists then
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = tonumber(string.match(info[i + 1], '^(%d+)')) end
  end
end
local appended = 0
for i = 6, #ARGV, 4 do
  local first_seq, last_seq = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  if last_seq > last then
    if exists and first_seq > last + 1 and ARGV[5] ~= '1' then
      if appended > 0 then redis.call('PEXPIRE', stream, ARGV[2]) end
      return { 'GAP', last }
    end
    local kept = math.max(1, math.min(tonumber(ARGV[3]), math.floor(tonumber(ARGV[4]) / (#ARGV[i + 3] + 1))))
    redis.call('XADD', stream, 'MAXLEN', '~', kept, ARGV[i + 1] .. '-0', 'f', ARGV[i], 'x', ARGV[i + 2], 't', ARGV[i + 3])
    redis.call('PUBLISH', ARGV[1], ARGV[i] .. ' ' .. ARGV[i + 1] .. ' ' .. ARGV[i + 2] .. '\n' .. ARGV[i + 3])
    last = last_seq
    exists = true
    appended = appended + 1
  end
end
-- A repeated call says nothing new about how long the stream is needed: the final event may have come meanwhile.
if appended > 0 then redis.call('PEXPIRE', stream, ARGV[2]) end
return { 'OK', appended }
