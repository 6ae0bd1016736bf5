#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "core/geometry/mesh_files.h"
#include "core/io/atomic_file.h"
#include "core/io/base64.h"

namespace talweg::geometry {
namespace {

/// What stands between the page's data and its end; the data are `const mesh = {…}` before it.
constexpr const char* kScript = R"(
const canvas = document.getElementById('view'), note = document.getElementById('note');
const gl = canvas.getContext('webgl', {antialias: true});
function bytes(text) {
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; ++i) out[i] = raw.charCodeAt(i);
  return out;
}
function start() {
  if (!gl || !gl.getExtension('OES_element_index_uint')) {
    note.textContent = 'This browser shows no WebGL; the file mesh.ply holds the same surface.';
    return;
  }
  const vertex = `attribute vec3 place, normal, colour;
    uniform mat4 camera; uniform vec3 low, extent; varying vec3 n, c;
    void main() { n = normal; c = colour; gl_Position = camera * vec4(low + place * extent, 1.0); }`;
  const fragment = `precision mediump float; varying vec3 n, c; uniform vec3 light; uniform float shade;
    void main() { float facing = abs(dot(normalize(n), light));
      vec3 base = shade > 1.5 ? normalize(n) * 0.5 + 0.5 : shade > 0.5 ? vec3(0.78) : c;
      gl_FragColor = vec4(shade > 1.5 ? base : base * (0.35 + 0.65 * facing), 1.0); }`;
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  function feed(name, data, size, type) {
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    const at = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, 3, type, true, size, 0);
  }
  feed('place', bytes(mesh.places), 8, gl.UNSIGNED_SHORT);
  feed('normal', bytes(mesh.normals), 4, gl.BYTE);
  feed('colour', bytes(mesh.colours), 4, gl.UNSIGNED_BYTE);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, bytes(mesh.triangles), gl.STATIC_DRAW);
  const at = name => gl.getUniformLocation(program, name);
  const middle = mesh.low.map((l, a) => l + mesh.extent[a] / 2), size = Math.hypot(...mesh.extent);
  let yaw = 0.7, pitch = 0.6, distance = 1.1 * size, target = middle.slice(), cut = 0;
  let shade = mesh.coloured ? 0 : 1, through = true;
  function multiply(a, b) {
    const out = new Float32Array(16);
    for (let c = 0; c < 4; ++c) for (let r = 0; r < 4; ++r)
      for (let k = 0; k < 4; ++k) out[4 * c + r] += a[4 * k + r] * b[4 * c + k];
    return out;
  }
  function basis() {
    const back = [Math.cos(pitch) * Math.cos(yaw), Math.cos(pitch) * Math.sin(yaw), Math.sin(pitch)];
    const right = [-Math.sin(yaw), Math.cos(yaw), 0];
    const up = [back[1] * right[2] - back[2] * right[1], back[2] * right[0] - back[0] * right[2],
                back[0] * right[1] - back[1] * right[0]];
    return [right, up, back];
  }
  function draw() {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    gl.viewport(0, 0, canvas.width, canvas.height);
    const [right, up, back] = basis(), dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const eye = target.map((t, a) => t + distance * back[a]);
    const view = new Float32Array([right[0], up[0], back[0], 0, right[1], up[1], back[1], 0, right[2], up[2], back[2], 0,
                                   -dot(right, eye), -dot(up, eye), -dot(back, eye), 1]);
    const near = Math.max(0.002 * size, cut * distance * 1.6), far = distance + 2 * size, f = 1.6;
    const lens = new Float32Array([f * canvas.height / canvas.width, 0, 0, 0, 0, f, 0, 0, 0, 0,
                                   (far + near) / (near - far), -1, 0, 0, 2 * far * near / (near - far), 0]);
    gl.uniformMatrix4fv(at('camera'), false, multiply(lens, view));
    gl.uniform3fv(at('low'), mesh.low);
    gl.uniform3fv(at('extent'), mesh.extent);
    gl.uniform3fv(at('light'), back);
    gl.uniform1f(at('shade'), shade);
    gl.enable(gl.DEPTH_TEST);
    through ? gl.enable(gl.CULL_FACE) : gl.disable(gl.CULL_FACE);
    gl.clearColor(0.97, 0.97, 0.97, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.drawElements(gl.TRIANGLES, 3 * mesh.count, gl.UNSIGNED_INT, 0);
  }
  const held = new Map();
  let apart = 0;
  function shift(dx, dy) {
    const [right, up] = basis(), step = distance / canvas.clientHeight * 1.25;
    target = target.map((t, a) => t - step * (dx * right[a] - dy * up[a]));
  }
  canvas.addEventListener('pointerdown', e => { canvas.setPointerCapture(e.pointerId); held.set(e.pointerId, e); apart = 0; });
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, e => { held.delete(e.pointerId); apart = 0; });
  canvas.addEventListener('pointermove', e => {
    const before = held.get(e.pointerId);
    if (!before) return;
    const dx = e.clientX - before.clientX, dy = e.clientY - before.clientY;
    held.set(e.pointerId, e);
    if (held.size > 1) {
      const [p, q] = [...held.values()], now = Math.hypot(p.clientX - q.clientX, p.clientY - q.clientY);
      if (apart > 0) distance *= apart / now;
      apart = now;
    } else if (e.shiftKey || e.buttons & 2) {
      shift(dx, dy);
    } else {
      yaw -= 0.008 * dx;
      pitch = Math.min(1.57, Math.max(-1.57, pitch + 0.008 * dy));
    }
    draw();
  });
  canvas.addEventListener('contextmenu', e => e.preventDefault());
  canvas.addEventListener('wheel', e => { e.preventDefault(); distance *= Math.exp(0.001 * e.deltaY); draw(); }, {passive: false});
  window.addEventListener('keydown', e => {
    const turn = {ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1]}[e.key];
    if (turn) { yaw += turn[0]; pitch = Math.min(1.57, Math.max(-1.57, pitch + turn[1])); }
    if (e.key === '+') distance /= 1.1;
    if (e.key === '-') distance *= 1.1;
    draw();
  });
  document.getElementById('shade').value = shade;
  document.getElementById('shade').addEventListener('input', e => { shade = Number(e.target.value); draw(); });
  document.getElementById('through').addEventListener('input', e => { through = e.target.checked; draw(); });
  document.getElementById('cut').addEventListener('input', e => { cut = Number(e.target.value); draw(); });
  window.addEventListener('resize', draw);
  draw();
}
start();
)";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

template <class T>
void append_number(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(value));
  bytes.append(raw, sizeof(raw));
}

}  // namespace

void write_viewer(const Mesh& mesh, const std::string& title, const std::filesystem::path& file) {
  Vector3 low{0, 0, 0}, high{1, 1, 1};
  if (!mesh.vertices.empty()) low = high = mesh.vertex(0);
  for (std::uint32_t i = 0; i < mesh.vertices.size(); ++i) {
    const Vector3 p = mesh.vertex(i);
    low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
  }
  std::string places, normals, colours, triangles;
  const std::vector<Vector3> directions = vertex_normals(mesh);
  for (std::uint32_t i = 0; i < mesh.vertices.size(); ++i) {
    for (std::size_t a = 0; a < 3; ++a) {
      const double extent = std::max(high[a] - low[a], 1e-9);
      append_number(places, static_cast<std::uint16_t>(
                                std::lround(65535 * std::clamp((mesh.vertices[i][a] - low[a]) / extent, 0.0, 1.0))));
      append_number(normals, static_cast<std::int8_t>(std::lround(127 * directions[i][a])));
      append_number(colours, mesh.colours.empty() ? std::uint8_t{200} : mesh.colours[i][a]);
    }
    append_number(places, std::uint16_t{0});
    append_number(normals, std::int8_t{0});
    append_number(colours, std::uint8_t{255});
  }
  for (const auto& t : mesh.triangles)
    for (const std::uint32_t i : t) append_number(triangles, i);
  const std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\n"
      "<style>html,body{{margin:0;height:100%;font:14px system-ui,sans-serif;background:#f7f7f7;color:#1f2933}}"
      "#view{{width:100%;height:100%;display:block;touch-action:none}}"
      "#bar{{position:fixed;left:0;right:0;top:0;padding:8px "
      "12px;background:rgba(255,255,255,.85);display:flex;gap:18px;"
      "flex-wrap:wrap;align-items:center}}#note{{color:#5b6670}}label{{display:flex;gap:6px;align-items:center}}</"
      "style>"
      "</head>\n<body><canvas id=\"view\" tabindex=\"0\" aria-label=\"{0}\"></canvas>\n<div id=\"bar\"><b>{0}</b>"
      "<label><input id=\"through\" type=\"checkbox\" checked> look through walls from behind</label>"
      "<label>surface <select id=\"shade\">{1}<option value=\"1\">grey</option><option value=\"2\">normals</option>"
      "</select></label><label>cut into it <input id=\"cut\" type=\"range\" min=\"0\" max=\"1\" step=\"0.01\" "
      "value=\"0\">"
      "</label><span id=\"note\">{2} vertices, {3} triangles; drag to turn, shift-drag to move, wheel to "
      "zoom</span></div>\n"
      "<script>\nconst mesh = {{count: {3}, coloured: {4}, low: [{5}, {6}, {7}], extent: [{8}, {9}, {10}],\n"
      "places: '{11}',\nnormals: '{12}',\ncolours: '{13}',\ntriangles: '{14}'}};\n",
      escaped(title), mesh.colours.empty() ? "" : "<option value=\"0\">colours</option>", mesh.vertices.size(),
      mesh.triangles.size(), mesh.colours.empty() ? "false" : "true", low.x, low.y, low.z, high.x - low.x,
      high.y - low.y, high.z - low.z, io::base64(places), io::base64(normals), io::base64(colours),
      io::base64(triangles));
  io::write_file_atomically(file, page + kScript + "</script></body></html>\n");
}

}  // namespace talweg::geometry
