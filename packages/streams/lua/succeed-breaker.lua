-- A call through a breaker succeeded: clears the count of a closed breaker, and closes it when it was the running probe.
-- The same transition as recordSuccess in packages/resilience.
--
-- KEYS[1]  hash of the breaker
-- ARGV[1]  token of the probe, '' for an ordinary call
-- ARGV[2]  time to live of a breaker nobody touches, ms
-- ARGV[3]  the time, ms since 1970; '' for the clock of Redis
-- returns  {kind before, the time, the hash's fields after}
local key = KEYS[1]
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local state = redis.call('HMGET', key, 'kind', 'failures', 'probe_by')
local before = state[1] or 'closed'
local counted = before == 'closed' and state[2] ~= '0'
local probed = before == 'half_open' and state[3] == ARGV[1]
if counted or probed then
  redis.call('DEL', key)
  redis.call('HSET', key, 'kind', 'closed', 'failures', 0)
  redis.call('PEXPIRE', key, ARGV[2])
end
local fields = redis.call('HMGET', key, 'kind', 'failures', 'opened_at', 'open_ms', 'probe_by', 'forced_to')
return { before, tostring(now), fields }
