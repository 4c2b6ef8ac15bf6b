-- The running probe ended without a verdict: its lease ends now, so that the next caller probes. The same transition as
-- releaseProbe in packages/resilience.
--
-- KEYS[1]  hash of the breaker
-- ARGV[1]  token of the probe
-- ARGV[2]  the time, ms since 1970; '' for the clock of Redis
-- returns  {kind before, the time, the hash's fields after}
local key = KEYS[1]
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local state = redis.call('HMGET', key, 'kind', 'probe_by')
if state[1] == 'half_open' and state[2] == ARGV[1] and now < tonumber(state[2]) then
  redis.call('HSET', key, 'probe_by', now)
end
local fields = redis.call('HMGET', key, 'kind', 'failures', 'opened_at', 'open_ms', 'probe_by', 'forced_to')
return { state[1] or 'closed', tostring(now), fields }
