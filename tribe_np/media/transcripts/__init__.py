"""Words with times: every format of transcripts and subtitles, and what in them nobody says."""
