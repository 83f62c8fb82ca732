#!/bin/bash
# Eight shares of one batch as a Slurm job array:  sbatch docs/batch/slurm.sh jobs.toml /shared/worlds
# A share that is stopped or lost goes on where it was when it is queued again; sbatch the same line to try failures again.
#SBATCH --job-name=seedscape
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=08:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@180
set -eu
jobs=${1:?the job file} folder=${2:?a folder that all machines share}
exec seedscape batch "$jobs" -o "$folder" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --workers "$SLURM_CPUS_PER_TASK"
