import { script } from './script.ts';

/**
 * Every script has KEYS[1] = the marker, ARGV[1] = the run_id of the server as this connection knows it, ARGV[2] = the
 * root of all keys, and answers false when the marker does not vouch for this server: checked in the same atomic step.
 * Grams stay below 2^53, and are written as integers: Lua would print large ones as 1e+14.
 */
const MARKED = `
local marker = redis.call('GET', KEYS[1])
if not marker then return false end
local run_id, generation = string.match(marker, '^(%S+) (%d+)$')
if run_id ~= ARGV[1] then return false end
local root = ARGV[2] .. ':' .. generation .. ':'
-- with any change of its counters, and after it: whoever deletes first is not refused for want of room any more
local function forget(recipient) redis.call('DEL', root .. 'n:' .. recipient) end
`;

/** Of tokens that stand for an offer PostgreSQL holds: no turn may take them over, for none will ever make that offer again. */
export const WRITTEN_EPOCH = Number.MAX_SAFE_INTEGER;

const TOKENS = `
local function now_ms()
  local t = redis.call('TIME')
  return t[1] .. string.format('%03d', math.floor(tonumber(t[2]) / 1000))
end
local function grams_of(token)
  return token and tonumber(string.match(token, '^(%d+):')) or 0
end
-- the epoch of the turn that reserved it; what PostgreSQL is known to hold has the highest
local function epoch_of(token)
  return token and tonumber(string.match(token, ':(%d+)$')) or 0
end
-- sets, changes or (grams = nil) removes one token, and keeps the sum beside it
local function put(recipient, offer, grams, epoch)
  local tokens = root .. 't:' .. recipient
  local token = redis.call('HGET', tokens, offer)
  local had = grams_of(token)
  epoch = epoch or (token and epoch_of(token)) or ${String(WRITTEN_EPOCH)}
  if grams then redis.call('HSET', tokens, offer, string.format('%.0f:%s:%.0f', grams, now_ms(), epoch))
  else redis.call('HDEL', tokens, offer) end
  redis.call('HINCRBY', root .. 'c:' .. recipient, 'open', string.format('%.0f', (grams or 0) - had))
  forget(recipient)
end
`;

/**
 * Counters of many recipients, each as one text of names and values: written once and read until they change, for reading 32 hashes anew
 * was two fifths of what Redis did for a search. Without room for writes they are read all the same; a minute at most, for a host of an older version
 * changes them without a word.
 */
const COUNTERS = `
local function counters_of(ids)
  local texts = {}
  for from = 1, #ids, 1000 do
    local to = math.min(from + 999, #ids)
    local names = {}
    for i = from, to do names[#names + 1] = root .. 'n:' .. ids[i] end
    local known = redis.call('MGET', unpack(names))
    for i = from, to do
      local text = known[i - from + 1]
      if not text then
        text = table.concat(redis.call('HGETALL', root .. 'c:' .. ids[i]), ' ')
        if text ~= '' then redis.pcall('SET', root .. 'n:' .. ids[i], text, 'EX', 60) end
      end
      texts[i] = text
    end
  end
  return table.concat(ids, ' '), table.concat(texts, '\\n')
end
`;

/**
 * A member of both sets, far out at sea, from before anybody else comes in: a set without it was lost, and who is in it came since.
 * A script then answers as it does without a marker, for "nobody is near" would be a lie.
 */
export const FIRST_OF_SET = { id: '-', lon: 180, lat: 85 } as const;

/**
 * ARGV: geo set, then lon, lat, radius in m, count – per search.
 * Answer: generation, the ids of each search in one text; of the union all ids in one text, and their counters by line, names and values: few
 * long texts are read in a fraction of the time of many short ones, and counters seen before need not be read at all.
 */
export const NEAR = script(`${MARKED}${COUNTERS}
local set = root .. ARGV[3]
if not redis.call('ZSCORE', set, '${FIRST_OF_SET.id}') then return false end
local lists, seen, ids = {}, {}, {}
for i = 4, #ARGV, 4 do
  local found = redis.call('GEOSEARCH', set, 'FROMLONLAT', ARGV[i], ARGV[i + 1], 'BYRADIUS', ARGV[i + 2], 'm', 'ASC', 'COUNT', ARGV[i + 3])
  lists[#lists + 1] = table.concat(found, ' ')
  for _, id in ipairs(found) do
    if not seen[id] then
      seen[id] = true
      ids[#ids + 1] = id
    end
  end
end
return { generation, lists, counters_of(ids) }
`);

/** ARGV: recipient ids. Answer: generation, the ids in one text and their counters by line, as in NEAR; an empty line: nobody of that id. */
export const NAMED = script(`${MARKED}${COUNTERS}
local ids = {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
return { generation, counters_of(ids) }
`);

/**
 * ARGV: recipient, offer, grams, capacity, daily capacity, day, epoch – per reservation. Answer: 1 or 0 each.
 * The same token again is a yes and counts as new (a sweep must not take it away under a turn that relies on it).
 * A token of a newer epoch is a no: the cell has a new owner, and the asking turn will be fenced. Counters without a version were lost
 * or are of nobody any more: they say nothing of what is open.
 */
export const RESERVE = script(`${MARKED}${TOKENS}
local answers = {}
for i = 3, #ARGV, 7 do
  local recipient, offer, grams, epoch = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 6])
  local token = redis.call('HGET', root .. 't:' .. recipient, offer)
  local had = grams_of(token)
  local counters = redis.call('HMGET', root .. 'c:' .. recipient, 'open', ARGV[i + 5], 'v')
  local open = (tonumber(counters[1] or 0) or 0) - had + grams
  local today = tonumber(counters[2] or 0) or 0
  local fits = had == grams or (open <= tonumber(ARGV[i + 3]) and open + today <= tonumber(ARGV[i + 4]))
  local yes = fits and counters[3] and epoch_of(token) <= epoch
  if yes then put(recipient, offer, grams, epoch) end
  answers[#answers + 1] = yes and 1 or 0
end
return answers
`);

/** ARGV: recipient, offer, epoch – per token; one that a newer epoch has taken over stays. Answer: how many were given back. */
export const WITHDRAW = script(`${MARKED}${TOKENS}
local given = 0
for i = 3, #ARGV, 3 do
  local token = redis.call('HGET', root .. 't:' .. ARGV[i], ARGV[i + 1])
  if token and epoch_of(token) <= tonumber(ARGV[i + 2]) then
    put(ARGV[i], ARGV[i + 1], nil)
    given = given + 1
  end
end
return given
`);

/** ARGV: recipient, offer – per token. */
export const FREE = script(`${MARKED}${TOKENS}
for i = 3, #ARGV, 2 do put(ARGV[i], ARGV[i + 1], nil) end
return 1
`);

/** ARGV: recipient, offer, grams – per token; one that is not there stays away, one that is smaller stays as it is. */
export const SHRINK = script(`${MARKED}${TOKENS}
for i = 3, #ARGV, 3 do
  local grams = tonumber(ARGV[i + 2])
  if grams_of(redis.call('HGET', root .. 't:' .. ARGV[i], ARGV[i + 1])) > grams then put(ARGV[i], ARGV[i + 1], grams) end
end
return 1
`);

/** ARGV: recipient, offer, grams, day, oldest day to keep – per handover. The token goes, the day grows; once per offer. Answer: how many were told. */
export const COLLECTED = script(`${MARKED}${TOKENS}
for i = 3, #ARGV, 5 do
  local recipient, offer, day, oldest = ARGV[i], ARGV[i + 1], ARGV[i + 3], ARGV[i + 4]
  put(recipient, offer, nil)
  local handed = root .. 'h:' .. recipient .. ':' .. day
  if redis.call('SADD', handed, offer) == 1 then
    redis.call('EXPIRE', handed, 259200)
    local counters = root .. 'c:' .. recipient
    redis.call('HINCRBY', counters, day, ARGV[i + 2])
    forget(recipient)
    for _, field in ipairs(redis.call('HKEYS', counters)) do
      if string.match(field, '^%d%d%d%d%-') and field < oldest then redis.call('HDEL', counters, field) end
    end
  end
end
return (#ARGV - 2) / 5
`);

/** ARGV: recipient, version, facts, geo set or '-', lon, lat – per recipient. An older version changes nothing. */
export const PUT_FACTS = script(`${MARKED}
for i = 3, #ARGV, 6 do
  local recipient, counters = ARGV[i], root .. 'c:' .. ARGV[i]
  local known = redis.call('HGET', counters, 'v')
  if not known or tonumber(string.match(known, '^%d+')) <= tonumber(string.match(ARGV[i + 1], '^%d+')) then
    redis.call('SET', root .. 'f:' .. recipient, ARGV[i + 2])
    redis.call('HSET', counters, 'v', ARGV[i + 1])
    forget(recipient)
    for _, set in ipairs({ 'geo', 'fallback' }) do
      if set == ARGV[i + 3] then redis.call('GEOADD', root .. set, ARGV[i + 4], ARGV[i + 5], recipient)
      else redis.call('ZREM', root .. set, recipient) end
    end
  end
end
return 1
`);

/**
 * The sweep's corrections, each only if the token is still what the sweep saw ('' = not there).
 * ARGV: recipient, offer, token as seen, grams or '-' to remove – per token. Answer: how many were changed.
 */
export const MEND_TOKENS = script(`${MARKED}${TOKENS}
local mended = 0
for i = 3, #ARGV, 4 do
  local token = redis.call('HGET', root .. 't:' .. ARGV[i], ARGV[i + 1]) or ''
  if token == ARGV[i + 2] then
    put(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 3]), ${String(WRITTEN_EPOCH)})
    mended = mended + 1
  end
end
return mended
`);

/** ARGV: recipient, day, sum as seen ('' = none), sum to set – per day. Answer: how many were changed. */
export const MEND_DAYS = script(`${MARKED}
local mended = 0
for i = 3, #ARGV, 4 do
  local counters = root .. 'c:' .. ARGV[i]
  if (redis.call('HGET', counters, ARGV[i + 1]) or '') == ARGV[i + 2] then
    redis.call('HSET', counters, ARGV[i + 1], ARGV[i + 3])
    forget(ARGV[i])
    mended = mended + 1
  end
end
return mended
`);

/**
 * What is there of each recipient, without looking at its tokens one by one: an eviction or an operator's hand takes single keys, and the marker
 * stays. ARGV: recipient, geo set or '-', version – per recipient. Answer: by recipient `<complete, 0 or 1> <tokens> <sum of them>`.
 */
export const LOOK = script(`${MARKED}
local function look(recipient, set, version)
  local counters = redis.call('HMGET', root .. 'c:' .. recipient, 'v', 'open')
  local complete = counters[1] == version and redis.call('STRLEN', root .. 'f:' .. recipient) > 0
    and (set == '-' or redis.call('ZSCORE', root .. set, recipient))
  return (complete and 1 or 0) .. ' ' .. redis.call('HLEN', root .. 't:' .. recipient) .. ' ' .. (counters[2] or 0)
end
local answers = {}
for i = 3, #ARGV, 3 do
  -- a key of another type is an error
  local answered, seen = pcall(look, ARGV[i], ARGV[i + 1], ARGV[i + 2])
  answers[#answers + 1] = answered and seen or '0'
end
return answers
`);

/** ARGV: recipients. Answer: those whose sum is not that of their tokens. */
export const UNSUMMED = script(`${MARKED}${TOKENS}
local function is_summed(recipient)
  local sum = 0
  for _, token in ipairs(redis.call('HVALS', root .. 't:' .. recipient)) do sum = sum + grams_of(token) end
  return tonumber(redis.call('HGET', root .. 'c:' .. recipient, 'open') or 0) == sum
end
local unsummed = {}
for i = 3, #ARGV do
  local answered, summed = pcall(is_summed, ARGV[i])
  if not (answered and summed) then unsummed[#unsummed + 1] = ARGV[i] end
end
return unsummed
`);

/** Drops the marker where a set was lost. Answer: 1 if so. */
export const DROP_PARTIAL = script(`${MARKED}
for _, set in ipairs({ 'geo', 'fallback' }) do
  if not redis.call('ZSCORE', root .. set, '${FIRST_OF_SET.id}') then return redis.call('DEL', KEYS[1]) end
end
return 0
`);

/** Nothing below the marker is believed any more. */
export const DROP_MARKER = script(`${MARKED}
return redis.call('DEL', KEYS[1])
`);

/** KEYS[1] = the keeper's lock; ARGV: owner, marker key, marker. Only who holds the lock says that all is in. */
export const SET_MARKER = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', ARGV[2], ARGV[3])
return 1
`);

/** KEYS[1] = the keeper's lock; ARGV: owner, ttl in ms. Takes it, or keeps it. */
export const HOLD_LOCK = script(`
local owner = redis.call('GET', KEYS[1])
-- one that lasts longer than any is of before the server's clock was set back
if owner and owner ~= ARGV[1] and redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`);

/** KEYS[1] = the keeper's lock; ARGV: owner, ttl in ms. Unlike HOLD_LOCK it does not take a lock that went away: a flush shows. */
export const KEEP_LOCK = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** KEYS[1] = the keeper's lock; ARGV: owner. */
export const LET_GO = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`);
