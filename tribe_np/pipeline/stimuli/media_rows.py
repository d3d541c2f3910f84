"""Rows of films and sounds, with durations and rates as their files have them."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import ffmpeg_version
from tribe_np.media.film import probe
from tribe_np.media.film.probe import MediaInfo
from tribe_np.media.sound import audio
from tribe_np.pipeline.branches import is_wanted
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.store.cache_version import CACHE_VERSION
from tribe_np.pipeline.store.digest import Digests, value_digest
from tribe_np.pipeline.store.kept_media import is_kept, seal
from tribe_np.timeline.events import Event

UNEQUAL_ENDS = 1.0  # seconds by which sound and pictures of a film may end apart without a word


@dataclass(frozen=True, eq=False)
class MediaRows:
    """Makes the rows; what is odd about a file becomes a warning of `record`, and derived sound is kept in `folder`."""

    folder: Path
    config: PipelineConfig
    record: RunRecord
    progress: Progress
    digests: Digests = field(default_factory=Digests)

    def film_event(self, film: MediaInfo) -> Event:
        """The row of a film; what is odd about the file becomes a warning."""
        compat = self.config.compat
        for note in film.notes:
            self.record.warn(note)
        if not film.is_even and is_wanted("Video", self.config.only):
            counted = compat.ignore_picture_times
            how = (
                "they are still counted at that rate, as upstream does" if counted else "each is shown at its own time"
            )
            self.record.warn(f"{probe.unevenness(film)}; {how}")
        if film.has_audio and abs(film.audio_stop - film.video_stop) > UNEQUAL_ENDS:
            # moviepy's reader has frame 0 in hand when a chunk begins past the end, the one before the last otherwise
            stays = (
                "an earlier one is shown until then, as upstream does"
                if film.is_constant
                else "the last one stays until then"
            )
            self.record.warn(
                f"{film.path.name}: its pictures end after {film.video_stop:.1f} s and its sound after "
                f"{film.audio_stop:.1f} s; {stays if film.audio_stop > film.video_stop else 'the rest is silent'}"
            )
        if film.has_audio and film.audio_start > audio.ON_TIME and not compat.sound_from_start:
            self.record.warn(
                f"{film.path.name}: its sound begins {film.audio_start:.1f} s after the film; until then, silence"
            )
        self.record.facts["film"] = {
            "ffmpeg": ffmpeg_version(), "video_stream": film.video_stream, "audio_stream": film.audio_stream,
            "is_constant_rate": film.is_constant, "rotation": film.rotation, "pixel_aspect": film.pixel_aspect,
        }  # fmt: skip
        duration = film.film_duration(compat.film_habits)
        return Event("Video", 0.0, duration, filepath=str(film.path), frequency=film.fps)

    def unheard(self, film: MediaInfo) -> list[Event]:
        """The row that the sound of a film would have in a file of its own: words are placed on it."""
        if not film.has_audio:
            return []
        duration = audio.track_duration(film, self.config.compat.track_habits)
        return [Event("Audio", 0.0, duration, filepath=str(film.path), frequency=float(audio.TRACK_RATE))]

    def sound_of(self, film: Path, *, has_audio: bool) -> Path | None:
        """The sound of a film in a file of its own; None where it is silent."""
        habits = self.config.compat.track_habits
        if self.config.compat.wav_beside_video:
            beside = film.with_suffix(".wav")
            return beside if beside.exists() or (has_audio and audio.extract_audio(film, beside, habits)) else None
        if not has_audio:
            return None
        digest = self.digests.of_file(film)
        parts = {"version": CACHE_VERSION, "film": digest, "ffmpeg": ffmpeg_version(), **asdict(habits)}
        kept = self.folder / f"sound-{value_digest(parts)[:40]}.wav"
        if is_kept(kept, self.record.warn):
            return kept
        with self.progress.stage("sound of the film", None, "files") as step:
            found = audio.extract_audio(film, kept, habits)
            step(1)
        if not found:
            return None
        seal(kept)
        return kept

    def audio_event(self, path: Path) -> Event:
        """The row of a sound; what is odd about the file becomes a warning."""
        info = audio.audio_info(path, trust_header=self.config.compat.trust_sound_header)
        for note in info.notes:
            self.record.warn(note)
        if not info.duration > 0:
            raise MediaError(f"{path}: lasts {info.duration} s; a stimulus must be longer than 0 s")
        return Event("Audio", 0.0, info.duration, filepath=str(path), frequency=float(info.rate))
