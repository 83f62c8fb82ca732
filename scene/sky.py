"""The sky of an hour: dome, texture and the light that belongs to it.

Scattering follows Hillaire 2020, "A scalable and production ready sky and atmosphere rendering technique": Rayleigh, Mie and
ozone in spherical shells, the first order marched along each view ray, all further orders from a small isotropic table. It is
marched on a coarse grid of directions (the sky is smooth and mirror-symmetric about the sun) and enlarged to the texture, which
then takes clouds, sun, moon and stars. Radiances are for a sun of irradiance 1 outside the air; `_expose` makes bytes of them.
"""

import math
from dataclasses import dataclass

import numpy as np

from seedscape.generation.rng import fractions, stream
from seedscape.scene.biomes import Biome
from seedscape.scene.noise import land_noise
from seedscape.scene.numeric import Float64, cos_sin, dot, exp_minus, look_up, smoothstep, unit
from seedscape.scene.spec import SceneSpec
from seedscape.scene.values import Light, Material, Mesh, Quat, Texture, Vec3

MATERIAL = "sky"
TEXTURE = "sky"
WIDTH, HEIGHT = 2048, 512
LOWEST_DEG = -10.0
FLOOR_DEPTH, FLOOR_LIGHT = -0.8, 0.42  # of the dome's radius; of the brightness of the horizon: grass in the sun
_HORIZON = 0.95  # share of the picture above the horizon

# Kilometres and 1/km (Hillaire 2020, table 1).
_GROUND, _TOP = 6360.0, 6460.0
_RAYLEIGH = np.array([5.802e-3, 13.558e-3, 33.1e-3])
_MIE_SCATTER, _MIE_EXTINCT = 3.996e-3, 4.44e-3
_OZONE = np.array([0.650e-3, 1.881e-3, 0.085e-3])
_MIE_G = 0.80
_SUN_LUX = 128_000.0
_DECLINATION_DEG = {"spring": 9.0, "summer": 21.0, "autumn": -7.0, "winter": -21.0}
_AEROSOL = {"clear": 1.0, "hazy": 6.0, "overcast": 3.0}
_SUN_THROUGH = {"clear": 1.0, "hazy": 0.75, "overcast": 0.22}  # share of direct light that passes the clouds
_SUN_RADIUS_DEG, _MOON_RADIUS_DEG = 0.55, 0.7  # twice the real ones: a texel is 0.18 degrees wide


@dataclass(frozen=True)
class Sky:
    """towards_light: unit vector to the sun or moon; rotation: the light node's. horizon, zenith: linear RGB as displayed."""

    dome: Mesh
    material: Material
    texture: Texture
    light: Light
    towards_light: Vec3
    rotation: Quat
    horizon: Vec3
    zenith: Vec3
    sun_elevation_deg: float


def sun_direction(hour: float, latitude_deg: float, season: str) -> Vec3:
    """Unit vector to the sun in the world frame (+X east, +Y up, -Z north) at a solar hour."""
    phi, delta = math.radians(latitude_deg), math.radians(_DECLINATION_DEG[season])
    angle = math.radians((hour - 12.0) * 15.0)
    up = math.sin(phi) * math.sin(delta) + math.cos(phi) * math.cos(delta) * math.cos(angle)
    east = -math.cos(delta) * math.sin(angle)
    north = math.cos(phi) * math.sin(delta) - math.sin(phi) * math.cos(delta) * math.cos(angle)
    return east, up, -north


def rotation_to_shine_from(towards: Vec3) -> Quat:
    """The shortest rotation that turns -Z (where a light shines) to point away from `towards`."""
    x, y, z = (-v for v in towards)
    w = 1.0 - z  # 1 + dot((0, 0, -1), target)
    if w < 1e-9:  # straight back: half a turn about Y
        return 0.0, 1.0, 0.0, 0.0
    # cross((0, 0, -1), target) = (y, -x, 0)
    length = math.sqrt(x * x + y * y + w * w)
    return y / length, -x / length, 0.0, w / length


def build_sky(spec: SceneSpec, biome: Biome, radius_m: float = 3900.0) -> Sky:
    """Dome, texture and light of a spec. The dome is a hemisphere of that radius, a little below the horizon at its rim."""
    sun = sun_direction(spec.time_of_day_h, spec.latitude_deg, spec.season)
    sun_deg = math.degrees(math.asin(sun[1]))
    air = _Air(_AEROSOL[spec.weather])
    moon = _moon_direction(sun)
    elevations = np.array([_elevation(r / 100.0) for r in range(101)])[::-1]
    azimuths = np.linspace(0.0, 0.5, 49)
    radiance = air.sky(sun[1], elevations, azimuths)  # (101, 49, 3)

    directions, grid = _picture_grid()
    picture = _enlarge(radiance, sun, grid)
    # Single tables of 16 heights leave the dusk too red overhead; ozone keeps a real one blue until night.
    dusk = float(smoothstep(1.0, -5.0, sun_deg))
    high = smoothstep(0.02, 0.30, directions[:, 0, 1])[:, None, None] * dusk
    picture *= np.array(biome.sky_tint) * (1.0 - high + high * np.array([0.62, 1.08, 1.28]))
    exposure = _exposure(radiance, elevations, sun_deg)
    night = float(smoothstep(-4.0, -12.0, sun_deg))
    sunlight = air.sunlight(max(sun[1], -0.10)) * np.array(biome.sky_tint)
    picture = _add_clouds(picture, directions, spec, sun, sunlight, radiance, elevations)
    if sun_deg > -1.5 and spec.weather != "overcast":
        dazzling = 0.5 * (sunlight + sunlight.max())  # or the disc would look darker than the white glow around it
        picture = _add_disc(picture, directions, np.array(sun), _SUN_RADIUS_DEG, dazzling * 60.0 + 0.05)
    shown = _expose(picture, exposure)
    if night > 0.0:
        shown = _add_night(shown, directions, spec, np.array(moon), night)
    shown = _haze_below(shown, biome)
    light, towards = _light(sun, sun_deg, moon, sunlight, spec.weather)
    horizon = shown[np.abs(grid - 1.0).argmin()].mean(axis=0)
    zenith = shown[0].mean(axis=0)
    return Sky(
        dome=_dome(radius_m),
        material=Material(base_color=TEXTURE, unlit=True),
        texture=Texture(_dither(shown), "color", "clamp"),
        light=light,
        towards_light=towards,
        rotation=rotation_to_shine_from(towards),
        horizon=_vec(horizon),
        zenith=_vec(zenith),
        sun_elevation_deg=sun_deg,
    )


def _vec(values: Float64) -> Vec3:
    r, g, b = (round(float(v), 5) for v in values)
    return r, g, b


# ---- air --------------------------------------------------------------------------------------------------------------


class _Air:
    """Tables of one atmosphere: transmittance to the sun and light scattered more than once, by height and sun cosine."""

    _HEIGHTS, _COSINES = 24, 64

    def __init__(self, aerosol: float):
        self.aerosol = aerosol
        self._h = _GROUND + (_TOP - _GROUND) * (np.arange(self._HEIGHTS) / (self._HEIGHTS - 1)) ** 2 + 1e-3
        self._mu = np.linspace(-0.3, 1.0, self._COSINES)
        self._through = self._transmittance_table()
        self._multiple: Float64 | None = None  # the table is made from the first order alone
        self._multiple = self._multiple_table()

    def _coefficients(self, height_km: Float64) -> tuple[Float64, Float64, Float64]:
        """Rayleigh scattering (..., 3), Mie scattering (..., 1) and total extinction (..., 3) at a height above ground."""
        h = np.maximum(height_km, 0.0)[..., None]
        rayleigh = _RAYLEIGH * exp_minus(h / 8.0)
        dust = self.aerosol * exp_minus(h / 1.2)
        ozone = _OZONE * np.maximum(0.0, 1.0 - np.abs(h - 25.0) / 15.0)
        return rayleigh, _MIE_SCATTER * dust, rayleigh + _MIE_EXTINCT * dust + ozone

    def _transmittance_table(self) -> Float64:
        r, mu = np.meshgrid(self._h, self._mu, indexing="ij")
        length = _to_top(r, mu)
        depth = np.zeros((*r.shape, 3))
        steps = 40
        for i in range(steps):
            t = length * ((i + 0.5) / steps)
            height = np.sqrt(r * r + t * t + 2.0 * r * mu * t) - _GROUND
            depth += self._coefficients(height)[2] * (length / steps)[..., None]
        lit = smoothstep(-0.004, 0.004, mu + np.sqrt(np.maximum(0.0, 1.0 - (_GROUND / r) ** 2)))
        return exp_minus(depth) * lit[..., None]  # dark where the planet stands in the way

    def _look_up(self, table: Float64, r: Float64, mu: Float64) -> Float64:
        a = np.sqrt(np.clip((r - _GROUND) / (_TOP - _GROUND), 0.0, 1.0)) * (self._HEIGHTS - 1)
        b = np.clip((mu - self._mu[0]) / (self._mu[-1] - self._mu[0]), 0.0, 1.0) * (self._COSINES - 1)
        i, j = np.minimum(a.astype(np.int64), self._HEIGHTS - 2), np.minimum(b.astype(np.int64), self._COSINES - 2)
        f, g = (a - i)[..., None], (b - j)[..., None]
        low = table[i, j] * (1.0 - g) + table[i, j + 1] * g
        high = table[i + 1, j] * (1.0 - g) + table[i + 1, j + 1] * g
        return np.asarray(low * (1.0 - f) + high * f)

    def _march(
        self, origin: Float64, view: Float64, sun: Float64, steps: int, rayleigh_phase: Float64, mie_phase: Float64
    ) -> tuple[Float64, Float64]:
        """Light (n, 3) scattered towards `origin` along rays, and the share (n, 3) of isotropic light that would be.

        origin, view, sun (n, 3), kilometres from the planet's centre; phases (n, 1).
        """
        r = np.sqrt(dot(origin, origin))
        mu = dot(origin, view) / r
        ground = _to_ground(r, mu)
        length = np.where(ground > 0.0, ground, _to_top(r, mu))
        light, share = np.zeros_like(origin), np.zeros_like(origin)
        through = np.ones_like(origin)
        last = np.zeros(len(origin))
        for i in range(steps):
            end = length * ((i + 1) / steps) ** 2  # short steps near the eye, where the air is dense
            step = (end - last)[:, None]
            place = origin + view * (0.5 * (last + end))[:, None]
            radius = np.sqrt(dot(place, place))
            sun_mu = dot(place, sun) / radius
            rayleigh, mie, extinct = self._coefficients(radius - _GROUND)
            part = exp_minus(extinct * step)
            weight = through * (1.0 - part) / np.maximum(extinct, 1e-9)
            direct = self._look_up(self._through, radius, sun_mu)
            light += weight * direct * (rayleigh * rayleigh_phase + mie * mie_phase)
            if self._multiple is not None:
                light += weight * (rayleigh + mie) * self._look_up(self._multiple, radius, sun_mu)
            share += weight * (rayleigh + mie)
            through = through * part
            last = end
        place = origin + view * length[:, None]
        sun_mu = dot(place, sun) / np.sqrt(dot(place, place))
        bounce = (
            self._look_up(self._through, np.full(len(origin), _GROUND + 1e-3), sun_mu)
            * np.maximum(sun_mu, 0.0)[:, None]
        )
        light += np.where((ground > 0.0)[:, None], through * bounce * (0.3 / math.pi), 0.0)
        return light, share

    def _multiple_table(self) -> Float64:
        """All orders above the first as isotropic light: the second order times a geometric series (Hillaire 2020, 5.5)."""
        heights, cosines = np.arange(0, self._HEIGHTS, 4), np.arange(0, self._COSINES, 4)
        r, mu = (a.reshape(-1) for a in np.meshgrid(self._h[heights], self._mu[cosines], indexing="ij"))
        n, rays = len(r), 32
        c, s = cos_sin(np.arange(rays) * 0.381966011250105)
        y = 1.0 - 2.0 * (np.arange(rays) + 0.5) / rays
        ring = np.sqrt(1.0 - y * y)
        view = np.tile(np.stack([ring * c, y, ring * s], axis=1), (n, 1))
        origin = np.repeat(np.stack([np.zeros(n), r, np.zeros(n)], axis=1), rays, axis=0)
        sun = np.repeat(np.stack([np.sqrt(1.0 - mu * mu), mu, np.zeros(n)], axis=1), rays, axis=0)
        even = np.full((n * rays, 1), 1.0 / (4.0 * math.pi))
        light, share = self._march(origin, view, sun, 12, even, even)
        second = light.reshape(n, rays, 3).mean(axis=1)
        kept = share.reshape(n, rays, 3).mean(axis=1)
        coarse = (second / (1.0 - kept)).reshape(len(heights), len(cosines), 3)
        rows = np.stack([[np.interp(self._mu, self._mu[cosines], line[:, k]) for k in range(3)] for line in coarse])
        full = [[np.interp(self._h, self._h[heights], rows[:, k, j]) for k in range(3)] for j in range(self._COSINES)]
        return np.asarray(full).transpose(2, 0, 1)

    def sunlight(self, sun_up: float) -> Float64:
        """(3,) share of the sun's light that reaches the ground."""
        return np.asarray(self._look_up(self._through, np.array([_GROUND + 0.2]), np.array([sun_up]))[0])

    def sky(self, sun_up: float, elevations: Float64, azimuths: Float64) -> Float64:
        """(elevations, azimuths, 3) radiance seen from the ground; elevations in turns, azimuths in turns from the sun's."""
        e, a = np.meshgrid(np.maximum(elevations, 0.0008), azimuths, indexing="ij")
        (ce, se), (ca, sa) = cos_sin(e.reshape(-1)), cos_sin(a.reshape(-1))
        view = np.stack([ce * ca, se, ce * sa], axis=1)
        origin = np.broadcast_to(np.array([0.0, _GROUND + 0.4, 0.0]), view.shape)
        sun = np.broadcast_to(np.array([math.sqrt(max(0.0, 1.0 - sun_up * sun_up)), sun_up, 0.0]), view.shape)
        cosine = dot(view, sun)[:, None]
        rayleigh = 3.0 / (16.0 * math.pi) * (1.0 + cosine * cosine)
        light, _ = self._march(origin, view, sun, 28, rayleigh, _mie_phase(cosine))
        return light.reshape(*e.shape, 3)


def _mie_phase(cosine: Float64) -> Float64:
    """Cornette and Shanks 1992."""
    g = _MIE_G
    root = np.sqrt(1.0 + g * g - 2.0 * g * cosine)
    return 3.0 / (8.0 * math.pi) * (1.0 - g * g) * (1.0 + cosine * cosine) / ((2.0 + g * g) * root * root * root)


def _to_top(r: Float64, mu: Float64) -> Float64:
    return -r * mu + np.sqrt(np.maximum(0.0, r * r * (mu * mu - 1.0) + _TOP * _TOP))


def _to_ground(r: Float64, mu: Float64) -> Float64:
    """Distance to the planet, or -1 where the ray misses it."""
    under = r * r * (mu * mu - 1.0) + _GROUND * _GROUND
    return np.where((mu < 0.0) & (under > 0.0), -r * mu - np.sqrt(np.maximum(under, 0.0)), -1.0)


# ---- picture ----------------------------------------------------------------------------------------------------------


def _elevation(down: float) -> float:
    """Elevation in turns at a share of the picture's height from the top; texels crowd towards the horizon."""
    if down > _HORIZON:
        return LOWEST_DEG / 360.0 * (down - _HORIZON) / (1.0 - _HORIZON)
    share = 1.0 - down / _HORIZON
    return 0.25 * share * math.sqrt(share)


def _picture_grid() -> tuple[Float64, Float64]:
    """Directions (HEIGHT, WIDTH, 3) of the texels; and the elevation of each row in degrees."""
    rows = np.array([_elevation((r + 0.5) / HEIGHT) for r in range(HEIGHT)])
    (ce, se), (ca, sa) = cos_sin(rows), cos_sin((np.arange(WIDTH) + 0.5) / WIDTH)
    directions = np.empty((HEIGHT, WIDTH, 3))
    directions[..., 0] = ce[:, None] * ca
    directions[..., 1] = se[:, None]
    directions[..., 2] = ce[:, None] * sa
    return directions, rows * 360.0


def _enlarge(radiance: Float64, sun: Vec3, rows_deg: Float64) -> Float64:
    """(HEIGHT, WIDTH, 3): the coarse sky in texels. Its rows are spaced as the picture's, its columns from the sun's azimuth."""
    steps_e, steps_a, _ = radiance.shape
    at = (1.0 - (np.arange(HEIGHT) + 0.5) / HEIGHT) * (steps_e - 1)  # coarse row 0 is the lowest
    i = np.minimum(at.astype(np.int64), steps_e - 2)
    f = (at - i)[:, None, None]
    tall = radiance[i] * (1.0 - f) + radiance[i + 1] * f
    sun_turn = math.atan2(sun[2], sun[0]) / (2.0 * math.pi)
    away = (np.arange(WIDTH) + 0.5) / WIDTH - sun_turn
    away = np.abs(away - np.rint(away))
    at = away * 2.0 * (steps_a - 1)
    j = np.minimum(at.astype(np.int64), steps_a - 2)
    g = (at - j)[None, :, None]
    return np.asarray(tall[:, j] * (1.0 - g) + tall[:, j + 1] * g)


def _exposure(radiance: Float64, elevations: Float64, sun_deg: float) -> float:
    """What to multiply radiances with: the eye adapts to the mean sky, but not wholly, so that evening looks like evening.

    Under a low sun it adapts to the land, which is darker than the sky; and the sky is what lights the land then: ground that the
    sun only grazes has no other light. Not wholly so below some ten degrees, where the sun's own glow would burn out.
    """
    mean = float(radiance[elevations > 0.02].mean())
    low = float(smoothstep(32.0, 14.0, sun_deg))
    golden = low * (0.36 * float(smoothstep(-4.0, 5.0, sun_deg)) + 0.84 * float(smoothstep(6.0, 14.0, sun_deg)))
    return 7.5 * math.pow(0.045 / max(mean, 2e-5), 0.82) * (1.0 + golden)


def _expose(picture: Float64, exposure: float) -> Float64:
    """Linear 0..1 for the screen, by a shoulder that keeps hue (1 - e^-x on the brightest channel, blended with each)."""
    x = picture * exposure
    peak = x.max(axis=-1, keepdims=True)
    kept = x * ((1.0 - exp_minus(peak)) / np.maximum(peak, 1e-9))
    return np.asarray(0.65 * kept + 0.35 * (1.0 - exp_minus(x)))


# Cloud cover by weather: threshold and softness of cumulus, strength of cirrus.
_CLOUDS = {"clear": (0.65, 0.15, 0.35), "hazy": (0.69, 0.22, 0.55), "overcast": (0.16, 0.34, 0.0)}


def _add_clouds(
    picture: Float64,
    directions: Float64,
    spec: SceneSpec,
    sun: Vec3,
    sunlight: Float64,
    radiance: Float64,
    elevations: Float64,
) -> Float64:
    """Cumulus on a plane above the eye and thin cirrus higher up, lit from the sun's side. Their shapes follow the seed only."""
    low, soft, cirrus = _CLOUDS[spec.weather]
    overcast = spec.weather == "overcast"
    rows = int((directions[:, 0, 1] > 0.012).sum()) // 2 * 2
    d = directions[0:rows:2, 0::2]  # clouds are soft: a quarter of the texels, enlarged afterwards
    up = d[..., 1]
    stretch = 1.0 / (up + 0.10)  # flattened towards the horizon, as a layer on a round earth is
    x, z = d[..., 0] * stretch, d[..., 2] * stretch
    fade = smoothstep(0.01, 0.12, up)
    big = land_noise(spec.seed, "cumulus cover", x, z, 2.2, 2)
    body = land_noise(spec.seed, "cumulus", x, z, 0.62, 6) * 0.66 + big * 0.42
    density = smoothstep(low, low + soft, body) * fade
    # Self-shadow: how much cloud lies a little way towards the sun.
    toward = 0.11 / max(0.3, math.sqrt(sun[0] ** 2 + sun[2] ** 2))
    ahead = land_noise(spec.seed, "cumulus", x + sun[0] * toward, z + sun[2] * toward, 0.62, 3) * 0.66 + big * 0.42
    shadow = exp_minus(3.4 * np.maximum(0.0, ahead - low + 0.02))
    near_sun = np.maximum(0.0, d[..., 0] * sun[0] + up * sun[1] + d[..., 2] * sun[2])
    if not overcast:  # the light of the scene is not dimmed, so no cloud may stand before the sun
        density = density * smoothstep(0.994, 0.955, near_sun)
    silver = near_sun * near_sun
    silver = silver * silver
    silver = (silver * silver)[..., None]
    ambient = radiance[elevations > 0.02].mean(axis=(0, 1))
    grey = np.full(3, float(ambient.mean()))
    if overcast:
        base = grey * np.array([0.97, 1.0, 1.04])
        colour = base * (0.75 + 0.75 * shadow + 0.35 * smoothstep(0.0, 0.5, up))[..., None] + sunlight * 0.05 * silver
    else:
        dim = (0.5 * ambient + 0.5 * grey) * 0.9
        colour = (0.17 + 0.20 * silver) * sunlight * shadow[..., None] + dim * (0.75 + 0.7 * shadow[..., None])
    air = smoothstep(0.26, 0.02, up)  # distant clouds take the colour of the air before them
    result = picture
    if cirrus > 0.0:
        wisps = land_noise(spec.seed, "cirrus", x * 0.55 + z * 0.2, z * 1.6, 1.0, 5)
        veil = _double(smoothstep(0.48, 0.95, wisps) * cirrus * fade)[..., None]
        white = _double(sunlight * (0.06 + 0.12 * silver) + ambient * 0.9)
        result[:rows] += (white - result[:rows] * 0.6) * veil
    alpha = _double(density * (1.0 - (0.45 if overcast else 0.75) * air))[..., None] * 0.96
    result[:rows] += (_double(colour) - result[:rows]) * alpha
    if overcast:  # the rest of the sky, and the rim under the cloud, go grey as well
        light = result.mean(axis=-1, keepdims=True)
        result += (light * np.array([0.98, 1.0, 1.03]) - result) * 0.8
    return result


def _double(field: Float64) -> Float64:
    """Twice the rows and columns by linear steps; columns wrap, the last row repeats."""
    tall = np.repeat(field, 2, axis=0)
    tall[1:-1:2] = (field[:-1] + field[1:]) * 0.5
    wide = np.repeat(tall, 2, axis=1)
    wide[:, 1::2] = (tall + np.roll(tall, -1, axis=1)) * 0.5
    return wide


def _add_disc(picture: Float64, directions: Float64, towards: Float64, radius_deg: float, radiance: Float64) -> Float64:
    """The sun: a disc with a soft rim and a glow."""
    gap = directions - towards
    chord = np.sqrt(dot(gap, gap)) * (180.0 / math.pi)  # degrees, near enough for small angles
    disc = smoothstep(radius_deg * 1.25, radius_deg * 0.85, chord)
    glow = exp_minus(chord / 1.6) * 0.03
    return picture + (disc + glow)[..., None] * radiance


def _moon_direction(sun: Vec3) -> Vec3:
    """A moon across the sky from the sun, never lower than 32 degrees: what lights a night scene."""
    flat = math.sqrt(sun[0] ** 2 + sun[2] ** 2) or 1.0
    up = min(max(-sun[1], 0.53), 0.82)
    side = math.sqrt(1.0 - up * up)
    x, z = -sun[0] / flat, -sun[2] / flat
    c, s = math.cos(0.5), math.sin(0.5)
    return side * (x * c - z * s), up, side * (x * s + z * c)


def _add_night(shown: Float64, directions: Float64, spec: SceneSpec, moon: Float64, night: float) -> Float64:
    """Airglow, stars and the moon over what is left of the twilight; clouds stay as darker patches of the glow."""
    up = directions[..., 1]
    low = smoothstep(0.5, 0.0, up)[..., None]
    glow = np.array([0.006, 0.009, 0.020]) * (1.0 - low) + np.array([0.018, 0.024, 0.042]) * low
    gap = directions - moon
    chord = np.sqrt(dot(gap, gap)) * (180.0 / math.pi)
    glow = glow + np.array([0.05, 0.06, 0.08]) * (exp_minus(chord / 9.0) + 0.5 * exp_minus(chord / 2.2))[..., None]
    base = shown * (1.0 - 0.75 * night) + glow * night
    if spec.weather == "overcast":
        return np.asarray(base)
    rng = stream(spec.seed, "scene", "stars")
    count = 1800
    y = fractions(rng, count)
    turn = fractions(rng, count)
    bright = fractions(rng, count)
    bright = 0.06 + 0.94 * bright * bright * bright * bright * bright
    warm = fractions(rng, count) - 0.5
    share = (1.0 - np.interp(y, *_row_table())) * HEIGHT
    row = np.clip(share.astype(np.int64), 0, HEIGHT - 1)
    col = (turn * WIDTH).astype(np.int64)
    clear = smoothstep(0.0, 0.25, y) * night
    light = np.stack([1.0 + 0.3 * warm, np.ones(count), 1.0 - 0.3 * warm], axis=1) * (bright * clear)[:, None]
    np.add.at(base, (row, col), light * 0.8)
    disc = smoothstep(_MOON_RADIUS_DEG * 1.2, _MOON_RADIUS_DEG * 0.9, chord) * night
    seas = 0.72 + 0.28 * land_noise(spec.seed, "moon", directions[..., 0] * 100.0, directions[..., 2] * 100.0, 0.6, 3)
    moon_colour = np.array([0.86, 0.87, 0.84]) * seas[..., None]
    return np.asarray(base * (1.0 - disc[..., None]) + moon_colour * disc[..., None])


def _row_table() -> tuple[Float64, Float64]:
    """sin(elevation), rising, and 1 - share of the picture's height where it stands: for finding rows."""
    share = np.arange(513) / 512
    sines = np.array([math.sin(2.0 * math.pi * _elevation(1.0 - s)) for s in share])
    return sines, share


def _haze_below(shown: Float64, biome: Biome) -> Float64:
    """Below the horizon: the horizon's colour with a share of the biome's haze, so that no gap shows under far land."""
    rows = np.array([_elevation((r + 0.5) / HEIGHT) for r in range(HEIGHT)]) * 360.0
    at = int(np.abs(rows - 0.6).argmin())
    rim = shown[at]
    # Its own brightness with the tint of the haze.
    haze = np.array(biome.haze)
    tinted = rim * (haze / float(haze.mean()))
    below = smoothstep(0.5, -2.5, rows)[:, None, None]
    return np.asarray(
        np.where(rows[:, None, None] < 0.6, rim[None] * (1.0 - 0.4 * below) + tinted[None] * 0.4 * below, shown)
    )


def _dither(shown: Float64) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8 sRGB. Ordered noise of one step hides the bands that slow gradients show in a headset."""
    table = stream(0, "scene", "sky dither").permutation(64 * 64).reshape(64, 64) / 4096.0
    noise = np.tile(table, (HEIGHT // 64, WIDTH // 64))[..., None]
    fine = look_up(_SRGB, shown * _SRGB_STEPS)
    return np.asarray(np.minimum(np.floor(fine + noise), 255.0).astype(np.uint8))


_SRGB_STEPS = 4096
_SRGB = np.array(
    [
        255.0 * (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055)
        for c in np.linspace(0.0, 1.0, _SRGB_STEPS + 1)
    ]
)


def _light(sun: Vec3, sun_deg: float, moon: Vec3, sunlight: Float64, weather: str) -> tuple[Light, Vec3]:
    """The one directional light: the sun, the glow where it went down, or the moon."""
    if sun_deg < -6.0:
        fade = float(smoothstep(-5.5, -10.0, sun_deg))
        share = 1.0 if weather != "overcast" else 0.5
        return Light((0.62, 0.74, 1.0), (0.18 + 0.22 * fade) * share, 0.25 * share), moon
    dusk = float(smoothstep(2.0, -5.0, sun_deg))
    sunlight = (
        sunlight + np.array([0.055, 0.050, 0.062]) * dusk
    )  # what the bright western sky gives when the sun is gone
    peak = float(sunlight.max())
    colour = tuple(float(v) for v in np.sqrt(np.clip(sunlight / peak, 0.0, 1.0) * np.clip(sunlight / peak, 0.02, 1.0)))
    through = _SUN_THROUGH[weather]
    low = float(smoothstep(-6.0, 8.0, sun_deg))
    brightness = float(0.2126 * sunlight[0] + 0.7152 * sunlight[1] + 0.0722 * sunlight[2])
    intensity = (0.25 + 0.75 * low) * (0.6 + 2.9 * math.sqrt(max(brightness, 0.0))) * (0.35 + 0.65 * through)
    # The eye opens for a low sun: without it, evening ground lies dark under a bright sky.
    intensity *= 1.0 + 1.6 * float(smoothstep(55.0, 12.0, sun_deg))
    r, g, b = colour
    lux = max(_SUN_LUX * brightness * through, 1.0)
    flat = math.sqrt(sun[0] ** 2 + sun[2] ** 2) or 1.0
    up = max(sun[1], 0.035)  # a light from below the ground would light nothing but undersides
    side = math.sqrt(1.0 - up * up)
    towards = sun if sun[1] >= 0.035 else (sun[0] / flat * side, up, sun[2] / flat * side)
    return Light((round(r, 4), round(g, 4), round(b, 4)), round(intensity, 3), round(lux, 1)), towards


def _dome(radius_m: float) -> Mesh:
    """Rings of the texture's own elevations, seen from inside; (48 + 1) columns so that U can run from 0 to 1.

    A dim floor closes it, far under the land: a viewer that takes its ambient light from the dome then lights walls and
    undersides as sunlit ground would, and not with the black of the void.
    """
    columns, rows = 48, 20
    turns = np.arange(columns + 1) / columns
    ca, sa = cos_sin(turns)
    v = np.append(
        np.arange(rows) / (rows - 1) * _HORIZON, 1.0
    )  # a ring stands at the horizon, where the mapping breaks
    ce, se = cos_sin(np.array([_elevation(float(share)) for share in v]))
    positions = np.stack(
        np.broadcast_arrays(ce[:, None] * ca, se[:, None] * np.ones_like(ca), ce[:, None] * sa), axis=-1
    )
    uvs = np.stack(np.broadcast_arrays(turns[None], v[:, None]), axis=-1)
    a = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1)
    below = a + columns + 1
    # From inside, turns run to the right; the upper row comes first.
    quads = np.stack([a, below, below + 1, a, below + 1, a + 1], axis=1).reshape(-1, 3)
    rim = len(positions) * (columns + 1) - (columns + 1)
    floor = positions[-1]
    nadir = np.tile([[0.0, FLOOR_DEPTH, 0.0]], (columns + 1, 1))
    points = np.concatenate([positions.reshape(-1, 3), floor, nadir])
    a = rim + (columns + 1) + np.arange(columns)
    quads = np.concatenate([quads, np.stack([a, a + columns + 1, a + 1], axis=1)])
    edge = np.stack([turns, np.ones_like(turns)], axis=1)
    colors = np.ones((len(points), 4))
    colors[-2 * (columns + 1) :, :3] = FLOOR_LIGHT
    return Mesh(
        positions=(points * radius_m).astype(np.float32),
        indices=quads.astype(np.uint32),
        material=MATERIAL,
        normals=unit(-points).astype(np.float32),
        uvs=np.concatenate([uvs.reshape(-1, 2), edge, edge]).astype(np.float32),
        colors=colors.astype(np.float32),
    )
