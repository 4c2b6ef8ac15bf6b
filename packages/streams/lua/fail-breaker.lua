-- A call through a breaker failed in a way that counts: opens a closed breaker at the threshold, and opens it again when
-- it was the running probe. The same transition as recordFailure in packages/resilience.
--
-- KEYS[1]  hash of the breaker
-- ARGV[1]  token of the probe, '' for an ordinary call
-- ARGV[2]  failures in a row that open it
-- ARGV[3]  how long it stays open, ms
-- ARGV[4]  time to live of a breaker nobody touches, ms
-- ARGV[5]  the time, ms since 1970; '' for the clock of Redis
-- returns  {kind before, the time, the hash's fields after}
local key = KEYS[1]
local now = tonumber(ARGV[5])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local state = redis.call('HMGET', key, 'kind', 'failures', 'probe_by')
local before = state[1] or 'closed'
local failures = (tonumber(state[2] or 0) or 0) + 1
local tripped = before == 'closed' and failures >= tonumber(ARGV[2])
local probe_failed = before == 'half_open' and state[3] == ARGV[1]
if tripped or probe_failed then
  redis.call('DEL', key)
  redis.call('HSET', key, 'kind', 'open', 'opened_at', now, 'open_ms', ARGV[3])
elseif before == 'closed' then
  redis.call('HSET', key, 'kind', 'closed', 'failures', failures)
end
if before ~= 'forced' then redis.call('PEXPIRE', key, ARGV[4]) end
local fields = redis.call('HMGET', key, 'kind', 'failures', 'opened_at', 'open_ms', 'probe_by', 'forced_to')
return { before, tostring(now), fields }
