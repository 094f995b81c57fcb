-- What of OpenStreetMap stands under the lots, for tilemaker: names of layers and classes as in OpenMapTiles, so that the screens'
-- style draws an operator's own OpenMapTiles just as well. No shops, no house numbers: the lots are what is to be seen.

local function set(words)
  local found = {}
  for word in words:gmatch("%S+") do found[word] = true end
  return found
end

local BIG = set("motorway trunk primary secondary tertiary")
local MINOR = set("unclassified residential living_street road")
local PATHS = set("pedestrian footway cycleway path steps track")
local RAILS = set("rail tram subway light_rail")
local GREEN = set("park garden grass forest wood meadow village_green recreation_ground cemetery pitch playground golf_course scrub")
local WOODS = set("forest wood scrub")
local LEAST_ZOOM = { motorway = 8, trunk = 8, primary = 8, secondary = 10, tertiary = 11, minor = 12, service = 13, path = 14, rail = 12 }
local PLACES = { city = 8, town = 9, suburb = 11, village = 11, quarter = 12, neighbourhood = 13 }

node_keys = { "place" }

function init_function() end
function exit_function() end

function node_function(node)
  local place = node:Find("place")
  local name = node:Find("name")
  if name == "" or not PLACES[place] then return end
  node:Layer("place", false)
  node:MinZoom(PLACES[place])
  node:Attribute("class", place)
  node:Attribute("name", name)
end

local function road_class(highway, railway)
  local main = highway:gsub("_link$", "")
  if BIG[main] then return main end
  if MINOR[highway] then return "minor" end
  if highway == "service" then return "service" end
  if PATHS[highway] then return "path" end
  if RAILS[railway] then return "rail" end
  return nil
end

local function road(way)
  local class = road_class(way:Find("highway"), way:Find("railway"))
  if not class or way:Find("tunnel") == "yes" or way:Find("area") == "yes" then return end
  way:Layer("transportation", false)
  way:MinZoom(LEAST_ZOOM[class])
  way:Attribute("class", class)
  local name = way:Find("name")
  if name == "" or class == "rail" or class == "service" then return end
  way:Layer("transportation_name", false)
  way:MinZoom(math.max(12, LEAST_ZOOM[class]))
  way:Attribute("class", class)
  way:Attribute("name", name)
end

local function area(way)
  local natural = way:Find("natural")
  local kind = way:Find("landuse")
  if not GREEN[kind] then kind = way:Find("leisure") end
  if not GREEN[kind] then kind = natural end
  if natural == "water" or way:Find("waterway") == "riverbank" or way:Find("leisure") == "swimming_pool" then
    way:Layer("water", true)
    way:Attribute("class", "lake")
  elseif way:Find("building") ~= "" then
    way:Layer("building", true)
  elseif GREEN[kind] then
    way:Layer("landcover", true)
    way:Attribute("class", WOODS[kind] and "wood" or "grass")
  end
end

function way_function(way)
  road(way)
  if way:IsClosed() then area(way) end
  local waterway = way:Find("waterway")
  if way:Find("natural") == "coastline" then waterway = "coastline" end
  if waterway == "coastline" or waterway == "river" or waterway == "canal" or waterway == "stream" then
    way:Layer("waterway", false)
    way:Attribute("class", waterway)
  end
end
