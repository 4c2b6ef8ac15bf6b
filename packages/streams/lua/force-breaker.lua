-- An operator forces a breaker open or closed, until an operator undoes it; undoing starts over with nothing counted.
--
-- KEYS[1]  hash of the breaker
-- ARGV[1]  'open', 'closed', or '' to undo
-- ARGV[2]  time to live of a breaker nobody touches, ms; a forced one never expires
-- ARGV[3]  the time, ms since 1970; '' for the clock of Redis
-- returns  {kind before, the time, the hash's fields after}
local key = KEYS[1]
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local before = redis.call('HGET', key, 'kind') or 'closed'
redis.call('DEL', key)
if ARGV[1] == '' then
  redis.call('HSET', key, 'kind', 'closed', 'failures', 0)
  redis.call('PEXPIRE', key, ARGV[2])
else
  redis.call('HSET', key, 'kind', 'forced', 'forced_to', ARGV[1])
end
local fields = redis.call('HMGET', key, 'kind', 'failures', 'opened_at', 'open_ms', 'probe_by', 'forced_to')
return { before, tostring(now), fields }
