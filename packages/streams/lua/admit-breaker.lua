-- Whether a call through a breaker may be made now; the first caller after an open breaker's time takes the probe. The
-- same transition as admitCall in packages/resilience.
--
-- KEYS[1]  hash of the breaker: kind, failures | opened_at, open_ms | probe_by | forced_to
-- ARGV[1]  how long an operator's open breaker tells callers to wait, ms
-- ARGV[2]  lease of a probe, ms
-- ARGV[3]  time to live of a breaker nobody touches, ms
-- ARGV[4]  the time, ms since 1970; '' for the clock of Redis
-- returns  {'pass' | 'probe' | 'refused', ms until the next try, '1' when the breaker is new, the time, the hash's fields}
local key = KEYS[1]
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local state = redis.call('HMGET', key, 'kind', 'opened_at', 'open_ms', 'probe_by', 'forced_to')
local kind, created, verdict, wait = state[1], '', 'pass', 0
if not kind then
  created = '1'
  redis.call('HSET', key, 'kind', 'closed', 'failures', 0)
  redis.call('PEXPIRE', key, ARGV[3])
elseif kind == 'forced' then
  if state[5] == 'open' then verdict, wait = 'refused', ARGV[1] end
elseif kind == 'open' or kind == 'half_open' then
  local until_ms = kind == 'open' and state[2] + state[3] or tonumber(state[4])
  if now < until_ms then
    verdict, wait = 'refused', until_ms - now
  else
    verdict = 'probe'
    redis.call('DEL', key)
    redis.call('HSET', key, 'kind', 'half_open', 'probe_by', now + ARGV[2])
    redis.call('PEXPIRE', key, ARGV[3])
  end
end
local fields = redis.call('HMGET', key, 'kind', 'failures', 'opened_at', 'open_ms', 'probe_by', 'forced_to')
return { verdict, tostring(wait), created, tostring(now), fields }
