// Groups markers that would overlap, at every zoom level.
const APART = 52; // pixels between the points of two markers

const order = (one, other) => other.count - one.count || (one.id ?? "").localeCompare(other.id ?? "") || one.lat - other.lat;

// The first place of a group stays where it is, and others join it. So no two results are nearer than APART.
export const cluster = (map, places, alone) => {
  const zoom = map.getZoom();
  const squares = new Map();
  const groups = [];

  const near = ({ x, y }) => {
    const [column, row] = [Math.floor(x / APART), Math.floor(y / APART)];
    for (let east = -1; east <= 1; east += 1) {
      for (let south = -1; south <= 1; south += 1) {
        for (const group of squares.get(`${column + east} ${row + south}`) ?? []) {
          if (Math.hypot(group.at.x - x, group.at.y - y) < APART) return group;
        }
      }
    }
    return null;
  };

  for (const place of [...places].sort(order)) {
    if (place.id && place.id === alone) {
      groups.push({ members: [place] });
      continue;
    }
    const at = map.project([place.lat, place.lon], zoom);
    const group = near(at);
    if (group) {
      group.members.push(place);
      continue;
    }
    const added = { at, members: [place] };
    const square = `${Math.floor(at.x / APART)} ${Math.floor(at.y / APART)}`;
    squares.set(square, [...(squares.get(square) ?? []), added]);
    groups.push(added);
  }
  return groups.map(({ members }) => merged(members));
};

const merged = (members) => {
  const [first] = members;
  if (members.length === 1) return first;
  const count = members.reduce((sum, place) => sum + place.count, 0);
  return { count, lat: first.lat, lon: first.lon, bounds: members.map(({ lat, lon }) => [lat, lon]) };
};
