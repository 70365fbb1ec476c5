"""Slides found in clips of a few seconds that are drawn and encoded here, so that every time is known."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ateneo.errors import InputError
from ateneo.ingest.slides import Shown, find_slides

Draw = Callable[[float], Image.Image]  # second → picture
WORDS = "hidrógeno aeronáutica lengua montaña corazón glaciar energía camino universidad archivo".split()


def slide(
    seed: int, *, lines: int = 4, number: int | None = None, dark: bool = False, size: tuple[int, int] = (640, 360)
) -> Image.Image:
    """A title and lines of text; `number` goes into the corner."""
    paper, ink = ((24, 30, 60), "white") if dark else ((250, 250, 248), "black")
    image = Image.new("RGB", size, paper)
    draw, dice = ImageDraw.Draw(image), np.random.default_rng(seed)
    draw.text((40, 24), " ".join(dice.choice(WORDS, 2)), ink, ImageFont.load_default(30))
    for n in range(lines):
        draw.text((60, 90 + 44 * n), "- " + " ".join(dice.choice(WORDS, 4)), ink, ImageFont.load_default(19))
    if number is not None:
        draw.text((size[0] - 60, size[1] - 40), str(number), ink, ImageFont.load_default(18))
    return image


def clip(
    path: Path, draw: Draw, seconds: float, *, codec: str = "libx264", fps: int = 25, key_every: float = 2.0,
    options: dict[str, str] | None = None, start: float = 0.0, times: Sequence[float] | None = None,
) -> Path:  # fmt: skip
    """Encodes what `draw` shows; key frames come only every `key_every` s, never because the picture changed."""
    quiet = {"sc_threshold": "0", "preset": "veryfast"} if codec == "libx264" else {}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=quiet | (options or {}))
        stream.width, stream.height = draw(0).size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size, stream.bit_rate = max(1, round(key_every * fps)), 1_500_000
        stream.codec_context.time_base = Fraction(1, 1000 if times else fps)
        for second in times or [n / fps for n in range(round(seconds * fps))]:
            frame = av.VideoFrame.from_image(draw(second))
            frame.time_base = stream.codec_context.time_base
            frame.pts = round((second + start) / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def after_another(*slides: Image.Image, every: float = 4.0) -> Draw:
    """One slide after the other."""
    return lambda second: slides[min(len(slides) - 1, int(second / every))]


def with_person(background: Draw) -> Draw:
    """Somebody in front who walks and waves."""

    def draw(second: float) -> Image.Image:
        image = background(second).copy()
        pen, x = ImageDraw.Draw(image), 430 + 90 * math.sin(second * 0.9)
        hand = 200 + 60 * math.sin(second * 3)
        pen.rectangle((x - 35, 170, x + 35, 360), fill=(40, 40, 70))
        pen.ellipse((x - 22, 110, x + 22, 168), fill=(200, 160, 130))
        pen.line((x + 30, 190, x + 80, hand), fill=(40, 40, 70), width=18)
        return image

    return draw


def noisy(background: Draw) -> Draw:
    """Sensor noise over the picture."""
    dice = np.random.default_rng(0)

    def draw(second: float) -> Image.Image:
        light = np.asarray(background(second)).astype(np.int16)
        grain = dice.normal(0, 7, (*light.shape[:2], 1)).astype(np.int16)
        return Image.fromarray(np.clip(light + grain, 0, 255).astype(np.uint8))

    return draw


def starts(path: Path, *, thorough: bool = False) -> list[float]:
    return [shown.start for shown in find_slides(path, thorough=thorough)]


def near(*seconds: float, within: float = 0.35) -> object:
    return pytest.approx(list(seconds), abs=within)


def picture(shown: Shown) -> Image.Image:
    return Image.open(BytesIO(shown.picture))


def test_slides_are_found_without_gaps_and_with_their_pictures(tmp_path: Path) -> None:
    slides = slide(1), slide(2), slide(3, dark=True)
    found = find_slides(clip(tmp_path / "talk.mp4", after_another(*slides), 12))
    assert [shown.start for shown in found] == near(0, 4, 8)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert found[-1].end == pytest.approx(12, abs=0.1)
    for shown, true in zip(found, slides, strict=True):
        difference = np.asarray(picture(shown).convert("L"), float) - np.asarray(true.convert("L"), float)
        assert np.abs(difference).mean() < 3


def test_one_added_line_is_a_change(tmp_path: Path) -> None:
    lines = after_another(*(slide(5, lines=n) for n in (1, 2, 3)))
    assert starts(clip(tmp_path / "talk.mp4", lines, 12)) == near(0, 4, 8)


def test_a_new_slide_number_alone_is_a_change(tmp_path: Path) -> None:
    numbers = after_another(slide(5, number=17), slide(5, number=18))
    assert starts(clip(tmp_path / "talk.mp4", numbers, 8)) == near(0, 4)


def test_a_person_in_front_is_no_change(tmp_path: Path) -> None:
    draw = noisy(with_person(after_another(slide(7))))
    assert starts(clip(tmp_path / "talk.mp4", draw, 16)) == near(0)


def test_slides_behind_a_person_in_noise_are_found(tmp_path: Path) -> None:
    draw = noisy(with_person(after_another(slide(7), slide(8), slide(9, dark=True), every=6)))
    assert starts(clip(tmp_path / "talk.mp4", draw, 18)) == near(0, 6, 12)


def test_arms_that_are_raised_and_held_up_are_no_change(tmp_path: Path) -> None:
    def draw(second: float) -> Image.Image:
        image = after_another(slide(7), slide(7, lines=5), every=7)(second).resize((480, 270))
        room = Image.new("RGB", (640, 360), (150, 146, 140))
        room.paste(image, (20, 20))
        pen, x = ImageDraw.Draw(room), 560 + 2 * math.sin(second * 0.9)
        up = min(1.0, max(0.0, (second % 7 - 2) / 0.7)) - min(1.0, max(0.0, (second % 7 - 5) / 0.7))
        pen.rectangle((x - 30, 170, x + 30, 360), fill=(40, 40, 70))
        pen.ellipse((x - 20, 115, x + 20, 168), fill=(200, 160, 130))
        for side in (-1, 1):
            pen.line((x + 30 * side, 185, x + (45 + 15 * up) * side, 300 - 190 * up), fill=(40, 40, 70), width=14)
        return room

    assert starts(clip(tmp_path / "talk.mp4", draw, 14, fps=10)) == near(0, 7)


def test_light_that_changes_is_no_change_and_hides_none(tmp_path: Path) -> None:
    def draw(second: float) -> Image.Image:
        light = [1.0, 0.75, 0.95][int(second / 3) % 3] * (1 + 0.05 * math.sin(second * 2))
        return after_another(slide(1), slide(2), every=7.5)(second).point(lambda grey: int(grey * light))

    assert starts(clip(tmp_path / "talk.mp4", draw, 14)) == near(0, 7.5)


def test_changes_are_found_where_pictures_are_refreshed_bit_by_bit(tmp_path: Path) -> None:
    draw = with_person(after_another(slide(1), slide(2), slide(2, lines=5), every=5))
    options = {"x264-params": "intra-refresh=1:keyint=50", "tune": "zerolatency"}
    assert starts(clip(tmp_path / "talk.mkv", draw, 15, options=options)) == near(0, 5, 10)


def test_a_moving_mouse_pointer_is_no_change(tmp_path: Path) -> None:
    def draw(second: float) -> Image.Image:
        image, step = slide(4), int(second / 3)
        walk = min(1.0, (second - 3 * step) / 0.4)  # moves, then rests until three seconds are over
        places = [(150, 300), (420, 200), (250, 330), (520, 120), (100, 80), (330, 310)]
        (a, b), (c, d) = places[step], places[step + 1]
        x, y = a + (c - a) * walk, b + (d - b) * walk
        ImageDraw.Draw(image).polygon([(x, y), (x + 10, y + 10), (x, y + 14)], fill="black", outline="white")
        return image

    assert starts(clip(tmp_path / "screen.mp4", draw, 14)) == near(0)


def test_a_camera_inset_does_not_hide_changes_nor_make_any(tmp_path: Path) -> None:
    dice = np.random.default_rng(3)
    films = [Image.fromarray(dice.integers(0, 255, (12, 16, 3), np.uint8)).resize((128, 96)) for _ in range(9)]
    slides = after_another(slide(1), slide(2), slide(2, lines=5), every=5)

    def draw(second: float) -> Image.Image:
        image = slides(second).copy()
        image.paste(films[int(second * 8) % 9], (500, 250))
        return image

    assert starts(clip(tmp_path / "talk.mp4", draw, 15)) == near(0, 5, 10)


def test_a_cross_fade_is_one_change_at_its_middle(tmp_path: Path) -> None:
    def draw(second: float) -> Image.Image:
        return Image.blend(slide(1), slide(2, dark=True), min(1.0, max(0.0, second - 4.5)))

    assert starts(clip(tmp_path / "talk.mp4", draw, 9)) == near(0, 5)


def test_a_slide_shown_twice_is_the_same_slide(tmp_path: Path) -> None:
    draw = after_another(slide(1), slide(2), slide(1), slide(2, number=9))
    assert [shown.same_as for shown in find_slides(clip(tmp_path / "talk.mp4", draw, 16))] == [None, None, 0, None]


def test_with_one_key_frame_in_all_everything_is_looked_at(tmp_path: Path) -> None:
    draw = after_another(slide(1), slide(2), slide(1), slide(3), every=7)
    assert starts(clip(tmp_path / "talk.mp4", draw, 28, key_every=1000)) == near(0, 7, 14, 21)


def test_only_thorough_finds_a_slide_between_two_key_frames(tmp_path: Path) -> None:
    path = clip(tmp_path / "talk.mp4", after_another(slide(1), slide(2), slide(1), every=3), 20, key_every=10)
    assert starts(path) == near(0)
    assert starts(path, thorough=True) == near(0, 3, 6, within=0.6)


@pytest.mark.parametrize(
    ("codec", "name", "key_every"),
    [("mpeg4", "a.avi", 4), ("libvpx", "a.webm", 3), ("libvpx-vp9", "a.webm", 3), ("mjpeg", "a.mkv", 1)],
)
def test_changes_are_found_in_other_codecs(tmp_path: Path, codec: str, name: str, key_every: float) -> None:
    draw = after_another(slide(1), slide(2), slide(2, lines=5), every=4)
    fast = {"deadline": "realtime", "cpu-used": "8"} if "vpx" in codec else {}
    path = clip(tmp_path / name, draw, 12, codec=codec, key_every=key_every, options=fast)
    assert starts(path) == near(0, 4, 8)


def test_times_count_from_the_beginning_of_the_recording(tmp_path: Path) -> None:
    path = clip(tmp_path / "talk.mkv", after_another(slide(1), slide(2)), 8, start=100)
    assert starts(path) == near(0, 4)


def test_pictures_that_come_only_when_something_changes_are_dated_right(tmp_path: Path) -> None:
    times = [0, 0.04, 5, 5.04, 9, 9.04, 14, 14.04, 16]
    path = clip(tmp_path / "screen.mkv", after_another(slide(1), slide(2), slide(3), every=4.9), 16, times=times)
    assert starts(path) == near(0, 5, 14)


def test_sound_with_a_cover_has_no_slides(tmp_path: Path) -> None:
    path, cover = tmp_path / "song.mp3", BytesIO()
    slide(1).save(cover, "JPEG")
    with av.open(str(path), "w") as container:
        sound = container.add_stream("libmp3lame", rate=44100)
        art = container.add_stream("mjpeg")
        art.width, art.height, art.pix_fmt = 640, 360, "yuvj420p"
        art.disposition = av.stream.Disposition.attached_pic
        packet = av.Packet(cover.getvalue())
        packet.stream, packet.pts, packet.dts = art, 0, 0
        container.start_encoding()
        container.mux(packet)
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 44100), np.float32), format="fltp", layout="stereo")
        silence.sample_rate = 44100
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    assert find_slides(path) == []


def test_a_file_that_is_no_recording_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"no recording" * 100)
    with pytest.raises(InputError, match=r"cannot read .*talk\.mp4: .*; "):
        find_slides(tmp_path / "talk.mp4")


def test_of_a_recording_cut_short_the_beginning_is_found(tmp_path: Path) -> None:
    path = clip(tmp_path / "talk.mkv", after_another(slide(1), slide(2), slide(3)), 12)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])
    assert starts(path)[:2] == near(0, 4)


def test_a_single_picture_is_one_slide(tmp_path: Path) -> None:
    found = find_slides(clip(tmp_path / "talk.mp4", after_another(slide(1)), 0.04))
    assert len(found) == 1


def test_a_recording_that_stands_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    path = clip(tmp_path / "phone.mp4", after_another(slide(1), slide(2)), 6)
    turned = tmp_path / "turned.mp4"
    with av.open(str(path)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    first = find_slides(turned)[0]
    assert picture(first).size == (360, 640)


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    told: list[float] = []
    find_slides(clip(tmp_path / "talk.mp4", after_another(slide(1), slide(2)), 8), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1, abs=0.05)
