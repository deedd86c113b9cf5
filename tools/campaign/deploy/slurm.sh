#!/bin/sh
# A campaign as a job array: each task is one shard. Slurm starts the shards of a node that is lost again.
#   sbatch --chdir=CLONE tools/campaign/deploy/slurm.sh KIND FIRST..LAST MINUTES DIR
#   npm run campaign -- merge DIR
#SBATCH --job-name=campaign
#SBATCH --array=0-15
#SBATCH --requeue
#SBATCH --cpus-per-task=1
# A finding is exit status 1. It is a result, not a failed task.
node --import tsx tools/campaign/main.ts "$1" --seed "$2" --minutes "$3" --out "$4" || [ $? -eq 1 ]
